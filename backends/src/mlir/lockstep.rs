//! Branches and loops whose ways lanes take apart.
//!
//! Lanes that take different ways run both, and what they should not have computed is dropped. That is enough where every
//! way ends. A while loop might never do so for values that it was not meant for, so it asks only the lanes that came to it.

use super::code::Code;
use super::code::Held;
use melior::ir::r#type::Type;
use rotrace_ir::kernel::{Block, Loop, Var};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};
use smallvec::SmallVec;

impl<'c> Code<'c, '_> {
    /// `then`, the expected side, for all lanes, and `otherwise` on top if any lane asks for it.
    pub(super) fn branch_wide(&mut self, results: &[Var], condition: Var, then: &Block, otherwise: &Block) {
        let before = self.active;
        let taken = self.wide(condition);
        self.active = Some(self.counting(taken));
        self.block(then);
        let common = self.all_as(&then.yields, results);
        self.active = before;
        let off = self.scalar(ScalarOp::Not, DType::Bool, &[taken]);
        let asking = self.counting(off);
        let any = self.any(asking);
        let kinds = self.kinds(results);
        let both = self.region(&[], |code, _| {
            code.active = Some(asking);
            code.block(otherwise);
            let other = code.all_as(&otherwise.yields, results);
            let chosen: SmallVec<[_; 4]> =
                common.iter().zip(&other).map(|(&first, &second)| code.select(taken, first, second)).collect();
            code.effect("scf.yield", &chosen, &[]);
        });
        self.active = before;
        let one = self.region(&[], |code, _| code.effect("scf.yield", &common, &[]));
        let values = self.operation("scf.if", &[any], &kinds, &[], [both, one]);
        self.define_all(results, &values);
    }

    /// The lanes of a mask that count.
    fn counting(&mut self, mask: Held<'c>) -> Held<'c> {
        match self.active {
            None => mask,
            Some(active) => self.like("arith.andi", &[mask, active]),
        }
    }

    /// A loop that runs as long as any lane asks; a lane that does not keeps its values.
    pub(super) fn asking_wide(&mut self, looped: &Loop, condition: &Block) {
        let (start, end) = (self.number(0), self.extent(looped.extent));
        let (outer, parameters) = (self.active, looped.parameters());
        let all = match outer {
            Some(active) => active,
            None => self.known_mask(&vec![true; self.lanes as usize]),
        };
        let mask = self.wide_kind(self.integer(1));
        let kinds: SmallVec<[Type<'c>; 8]> =
            [self.integer(64)].into_iter().chain(self.kinds(parameters)).chain([mask]).collect();
        let (last, position) = (kinds.len() - 1, looped.index.0 as usize);
        let before = self.region(&kinds, |code, values| {
            code.indices[position] = Some(values[0]);
            code.define_all(parameters, &values[1..last]);
            code.active = Some(values[last]);
            let inside = code.compare(ScalarOp::Less, DType::I64, values[0], end);
            let asked = code.region(&[], |code, _| {
                code.block(condition);
                let answer = code.wide(condition.yields[0]);
                let mask = code.counting(answer);
                let any = code.any(mask);
                code.effect("scf.yield", &[any, mask], &[]);
            });
            let ended = code.region(&[], |code, _| {
                let no = code.constant(Scalar::bool(false));
                let none = code.known_mask(&vec![false; code.lanes as usize]);
                code.effect("scf.yield", &[no, none], &[]);
            });
            let truth = code.integer(1);
            let more = code.operation("scf.if", &[inside], &[truth, mask], &[], [asked, ended]);
            let operands: SmallVec<[_; 8]> =
                [more[0]].into_iter().chain(values[..last].iter().copied()).chain([more[1]]).collect();
            code.effect("scf.condition", &operands, &[]);
        });
        let after = self.region(&kinds, |code, values| {
            code.indices[position] = Some(values[0]);
            code.define_all(parameters, &values[1..last]);
            code.active = Some(values[last]);
            code.block(&looped.body);
            let next = code.all_as(&looped.body.yields, parameters);
            let mut operands: SmallVec<[_; 8]> = SmallVec::from_slice(&[code.plus(values[0], 1)]);
            for (&next, &kept) in next.iter().zip(&values[1..last]) {
                operands.push(code.select(values[last], next, kept));
            }
            operands.push(values[last]);
            code.effect("scf.yield", &operands, &[]);
        });
        self.active = outer;
        let initial = self.all_as(looped.initial(), parameters);
        let operands: SmallVec<[_; 8]> = [start].into_iter().chain(initial).chain([all]).collect();
        let values = self.operation("scf.while", &operands, &kinds, &[], [before, after]);
        self.define_all(&looped.results, &values[1..last]);
    }
}
