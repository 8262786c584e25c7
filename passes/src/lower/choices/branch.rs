//! The selects of one condition, and what moves into the branch that they become.

use super::operands::{each_operand, replace};
use super::{DEAR, is_movable, own_cost, select};
use rotrace_ir::ScalarOp;
use rotrace_ir::kernel::{Block, Inst, Var, Vars};
use rustc_hash::FxHashMap;

/// Who needs the value of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Nobody,
    Then,
    Otherwise,
    /// Both sides, or what is not in the branch.
    Outside,
}

impl Need {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nobody, need) | (need, Self::Nobody) => need,
            (first, second) if first == second => first,
            _ => Self::Outside,
        }
    }
}

/// The two sides of a branch.
const SIDES: [Need; 2] = [Need::Then, Need::Otherwise];

/// Selects of one condition that become one branch.
pub(super) struct Branch {
    /// The place of the instruction that computes each value of the block.
    homes: FxHashMap<Var, usize>,
    condition: Var,
    /// The places of the selects, in order.
    members: Vec<usize>,
    /// Who needs each instruction of the block.
    needs: Vec<Need>,
    /// Whether the dear side is the one for which the condition holds. Lanes that run together all compute the first side of a
    /// branch, so that is to be the other one.
    pub(super) is_inverse: bool,
}

impl Branch {
    /// `None` if it is not worth it.
    pub(super) fn of(block: &Block, condition: Var) -> Option<Self> {
        let is_member = |inst: &Inst| select(inst).is_some_and(|(own, _)| own == condition);
        let members = (0..block.insts.len()).filter(|&place| is_member(&block.insts[place])).collect();
        let placed = block.insts.iter().enumerate();
        let homes = placed.flat_map(|(place, inst)| inst.results().iter().map(move |&var| (var, place))).collect();
        let mut branch = Self { homes, condition, members, needs: Vec::new(), is_inverse: false };
        loop {
            branch.find_needs(block);
            let tied = branch.tied(block);
            if tied.is_empty() {
                break;
            }
            branch.members.retain(|member| !tied.contains(member));
        }
        let cost = |side| {
            let own = block.insts.iter().zip(&branch.needs).filter(|(_, need)| **need == side);
            own.map(|(inst, _)| own_cost(inst)).sum::<u32>()
        };
        let (then, otherwise) = (cost(Need::Then), cost(Need::Otherwise));
        branch.is_inverse = then > otherwise;
        (then.max(otherwise) >= DEAR).then_some(branch)
    }

    fn home(&self, var: Var) -> Option<usize> {
        self.homes.get(&var).copied()
    }

    fn is_member(&self, place: usize) -> bool {
        self.members.binary_search(&place).is_ok()
    }

    /// The side of the branch into which an instruction moves, by its place among [`SIDES`].
    fn side(&self, place: usize, inst: &Inst) -> Option<usize> {
        SIDES.iter().position(|&side| self.needs[place] == side).filter(|_| is_movable(inst))
    }

    /// From users to operands: what only one side needs is needed by that side.
    fn find_needs(&mut self, block: &Block) {
        let mut needs = vec![Need::Nobody; block.insts.len()];
        let need = |needs: &mut Vec<Need>, var: Var, side: Need| {
            if let Some(home) = self.home(var) {
                needs[home] = needs[home].and(side);
            }
        };
        block.yields.iter().for_each(|&var| need(&mut needs, var, Need::Outside));
        for (place, inst) in block.insts.iter().enumerate().rev() {
            if let Some((condition, [then, otherwise])) = select(inst).filter(|_| self.is_member(place)) {
                need(&mut needs, condition, Need::Outside);
                if matches!(needs[place], Need::Then | Need::Outside) {
                    need(&mut needs, then, Need::Then);
                }
                if matches!(needs[place], Need::Otherwise | Need::Outside) {
                    need(&mut needs, otherwise, Need::Otherwise);
                }
                continue;
            }
            let side = if is_movable(inst) && needs[place] != Need::Nobody { needs[place] } else { Need::Outside };
            each_operand(inst, &mut |var| need(&mut needs, var, side));
        }
        self.needs = needs;
    }

    /// The selects that need what is computed after others of them, or is in order behind it.
    fn tied(&self, block: &Block) -> Vec<usize> {
        let after = self.after(block);
        let mut tied = vec![false; block.insts.len()];
        let mut found = Vec::new();
        for (place, inst) in block.insts.iter().enumerate() {
            if !self.is_member(place) && self.side(place, inst).is_none() {
                tied[place] = after[place];
                continue;
            }
            // Of another select it takes the side's own value.
            each_operand(inst, &mut |var| tied[place] |= self.home(var).is_some_and(|home| tied[home]));
            if tied[place] && self.is_member(place) {
                found.push(place);
            }
        }
        found
    }

    /// Of each instruction that stays, whether it must come after the branch.
    fn after(&self, block: &Block) -> Vec<bool> {
        let mut after = vec![false; block.insts.len()];
        let mut effects = false;
        for (place, inst) in block.insts.iter().enumerate() {
            if self.is_member(place) || self.side(place, inst).is_some() {
                continue;
            }
            let mut late = false;
            each_operand(inst, &mut |var| {
                late |= self.home(var).is_some_and(|home| after[home] || self.is_member(home));
            });
            let touches_memory = matches!(inst, Inst::Load { .. } | Inst::Store { .. } | Inst::Loop(_));
            after[place] = late || effects && touches_memory;
            effects |= after[place] && matches!(inst, Inst::Store { .. } | Inst::Loop(_));
        }
        after
    }

    pub(super) fn apply(&self, block: &mut Block, inverse: Option<Var>) -> Block {
        let after = self.after(block);
        let last = *self.members.last().expect("a branch has selects");
        let (mut before, mut behind) = (Vec::new(), Vec::new());
        let results: Vars = self.results(block).collect();
        let replaced = SIDES.map(|side| self.replacements(block, side));
        let mut sides = replaced.each_ref().map(|replaced| {
            let yields = results.iter().map(|var| replaced[var]).collect();
            Block { insts: Vec::new(), yields }
        });
        for (place, mut inst) in std::mem::take(&mut block.insts).into_iter().enumerate() {
            if self.is_member(place) {
                continue;
            }
            if let Some(side) = self.side(place, &inst) {
                replace(&mut inst, &replaced[side]);
                sides[side].insts.push(inst);
            } else if place > last || after[place] {
                behind.push(inst);
            } else {
                before.push(inst);
            }
        }
        let [mut then, mut otherwise] = sides;
        let mut condition = self.condition;
        if let Some(inverse) = inverse {
            before.push(Inst::Scalar { result: inverse, op: ScalarOp::Not, operands: Vars::from_slice(&[condition]) });
            condition = inverse;
            std::mem::swap(&mut then, &mut otherwise);
        }
        before.push(Inst::If { results, condition, then, otherwise, often: true });
        before.append(&mut behind);
        Block { insts: before, yields: block.yields.clone() }
    }

    /// The selects that are needed outside of the branch.
    fn results(&self, block: &Block) -> impl Iterator<Item = Var> {
        let outside = self.members.iter().filter(|&&place| self.needs[place] == Need::Outside);
        outside.map(|&place| block.insts[place].results()[0])
    }

    /// What each select is on one side.
    fn replacements(&self, block: &Block, side: Need) -> FxHashMap<Var, Var> {
        let mut replaced: FxHashMap<Var, Var> = FxHashMap::default();
        for &place in &self.members {
            let inst = &block.insts[place];
            if let Some((_, [then, otherwise])) = select(inst) {
                let own = if side == Need::Then { then } else { otherwise };
                let own = replaced.get(&own).copied().unwrap_or(own);
                replaced.insert(inst.results()[0], own);
            }
        }
        replaced
    }
}
