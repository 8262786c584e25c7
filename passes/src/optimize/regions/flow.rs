//! What the operands and results of a node with functions are to each other.

use rotrace_ir::graph::{Function, Op, ValueId};

/// What a result is, when it is nothing that the functions compute for it alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Computed,
    /// The operand behind this parameter: returned as it came, never changed, or stacked again slice by slice.
    Operand(usize),
    /// The operand behind this parameter, once for every iteration.
    Repeated(usize),
    /// Another result, further ahead.
    Result(usize),
}

/// How a node hands its operands to its functions.
pub struct Flow {
    /// How many operands are no parameters: the selector of a switch.
    pub ahead: usize,
    pub carried: usize,
    pub scanned: usize,
    /// Of each result.
    pub sources: Vec<Source>,
}

impl Flow {
    /// `None` for an operation without functions that give its results.
    pub fn of(op: &Op) -> Option<Self> {
        let (ahead, carried, scanned) = match op {
            Op::Call(_) | Op::Checkpoint(_) => (0, 0, 0),
            Op::Switch(_) => (1, 0, 0),
            Op::While(looped) => (0, looped.carried, 0),
            Op::Scan(scan) => (0, scan.carried, scan.scanned),
            _ => return None,
        };
        let mut flow = Self { ahead, carried, scanned, sources: Vec::new() };
        let functions = &op.functions()[usize::from(matches!(op, Op::While(_)))..];
        for place in 0..functions[0].results.len() {
            let source = flow.source(op, functions, place);
            flow.sources.push(source);
        }
        Some(flow)
    }

    fn source(&self, op: &Op, functions: &[&Function], place: usize) -> Source {
        let all = |same: &dyn Fn(&Function, ValueId) -> bool| functions.iter().all(|f| same(f, f.results[place]));
        let returned = |parameter: &usize| all(&|f, result| f.parameters[*parameter] == result);
        let parameter = (0..functions[0].parameters.len()).find(returned);
        let is_loop = matches!(op, Op::While(_) | Op::Scan(_));
        if is_loop && place < self.carried {
            return if parameter == Some(place) { Source::Operand(place) } else { Source::Computed };
        }
        match parameter {
            Some(parameter) if !is_loop || self.is_scanned(parameter) => return Source::Operand(parameter),
            Some(parameter) if parameter >= self.carried || self.is_unchanged(parameter) => {
                return Source::Repeated(parameter);
            }
            _ => {}
        }
        let earlier = if is_loop { self.carried..place } else { 0..place };
        let twin = earlier.into_iter().find(|&other| all(&|f, result| f.results[other] == result));
        twin.map_or(Source::Computed, Source::Result)
    }

    fn is_scanned(&self, parameter: usize) -> bool {
        (self.carried..self.carried + self.scanned).contains(&parameter)
    }

    /// Whether no iteration changes this carried value.
    pub fn is_unchanged(&self, place: usize) -> bool {
        self.sources[place] == Source::Operand(place)
    }

    /// Which results the functions have to compute for those that are read: also carried values that another iteration
    /// needs for them.
    pub fn wanted(&self, op: &Op, read: &[bool]) -> Vec<bool> {
        let mut wanted = vec![false; read.len()];
        for (place, _) in read.iter().enumerate().filter(|(_, read)| **read) {
            match self.sources[place] {
                Source::Computed => wanted[place] = true,
                Source::Result(other) => wanted[other] = true,
                Source::Operand(_) | Source::Repeated(_) => {}
            }
        }
        if !wanted.contains(&true) {
            return wanted;
        }
        loop {
            let used = used(op, &wanted);
            let needed = |&place: &usize| used[place] && !self.is_unchanged(place) && !wanted[place];
            let needed: Vec<usize> = (0..self.carried).filter(needed).collect();
            if needed.is_empty() {
                return wanted;
            }
            needed.into_iter().for_each(|place| wanted[place] = true);
        }
    }
}

/// Which parameters the functions of an operation use for the wanted results, and a condition for its own.
pub fn used(op: &Op, wanted: &[bool]) -> Vec<bool> {
    let functions = op.functions();
    let mut used = vec![false; functions[0].parameters.len()];
    for (place, function) in functions.into_iter().enumerate() {
        let all = matches!(op, Op::While(_)) && place == 0;
        let mut live = vec![false; function.values.len()];
        let results = function.results.iter().enumerate().filter(|&(place, _)| all || wanted[place]);
        results.for_each(|(_, id)| live[id.0 as usize] = true);
        for node in function.nodes.iter().rev() {
            if node.results.iter().any(|id| live[id.0 as usize]) {
                node.operands.iter().for_each(|id| live[id.0 as usize] = true);
            }
        }
        used.iter_mut().zip(&function.parameters).for_each(|(used, id)| *used |= live[id.0 as usize]);
    }
    used
}
