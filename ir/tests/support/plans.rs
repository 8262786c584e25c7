//! Plans with loops, branches and native functions, by hand.

use rotrace_ir::dim::Type;
use rotrace_ir::graph::Constant;
use rotrace_ir::kernel::extents;
use rotrace_ir::plan::{
    KernelStep, LoopStep, NativeStep, Plan, PlanBuffer, PlanBufferId, Step, Storage, SwitchStep, WhileStep,
};
use rotrace_ir::text::{parse_function, parse_kernel};
use rotrace_ir::{DType, Dim, DimId, Scalar};

/// A plan in the making.
pub struct Draft {
    pub plan: Plan,
}

impl Draft {
    pub fn new(name: &str, dims: &[&str]) -> Self {
        let dims = dims.iter().map(|&dim| dim.to_owned()).collect();
        Self { plan: Plan { name: name.to_owned(), dims, ..Plan::default() } }
    }

    fn dims(&self) -> String {
        if self.plan.dims.is_empty() { String::new() } else { format!("dims {}; ", self.plan.dims.join(", ")) }
    }

    /// A type from its text.
    pub fn ty(&self, text: &str) -> Type {
        let function = format!("fn @type({}%0: {text}) -> ({text}) {{ return %0 }}", self.dims());
        let function = parse_function(&function).unwrap_or_else(|error| panic!("{error}"));
        function.ty(function.parameters[0]).clone()
    }

    fn buffer(&mut self, ty: &Type, storage: Storage) -> PlanBufferId {
        self.plan.buffers.push(PlanBuffer { dtype: ty.dtype, shape: extents(&ty.shape), storage });
        PlanBufferId(self.plan.buffers.len() as u32 - 1)
    }

    pub fn input(&mut self, ty: &str) -> PlanBufferId {
        self.plan.inputs.push(self.ty(ty));
        let position = self.plan.inputs.len() - 1;
        self.buffer(&self.ty(ty), Storage::Input(position as u32))
    }

    pub fn output(&mut self, ty: &str) -> PlanBufferId {
        self.plan.outputs.push(self.ty(ty));
        let position = self.plan.outputs.len() - 1;
        self.buffer(&self.ty(ty), Storage::Output(position as u32))
    }

    pub fn temporary(&mut self, ty: &str) -> PlanBufferId {
        self.buffer(&self.ty(ty), Storage::Temporary)
    }

    pub fn constant(&mut self, value: f64) -> PlanBufferId {
        let constant = Constant::scalar(Scalar::f64(value));
        self.buffer(&constant.ty(), Storage::Constant(constant))
    }

    /// A kernel: the access to each of the buffers, with its type, and the grid.
    pub fn kernel(&mut self, arguments: &[PlanBufferId], buffers: &[&str], grid: &str) {
        let buffers =
            buffers.iter().enumerate().map(|(position, buffer)| buffer.replace('%', &format!("%{position}:")));
        let buffers = buffers.collect::<Vec<_>>().join(", ");
        let name = format!("{}_{}", self.plan.name, self.plan.steps.len());
        let text = format!("kernel @{name}({}{buffers}) {{ {grid} }}", self.dims());
        let kernel = parse_kernel(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        self.plan.steps.push(Step::Kernel(KernelStep { kernel, arguments: arguments.to_vec() }));
    }

    pub fn step(&mut self, step: Step) {
        self.plan.steps.push(step);
    }
}

const T: Dim = Dim::named(DimId(1));

/// One explicit step of the heat equation, and the sum of the temperatures before it.
fn heat_body() -> Plan {
    let mut body = Draft::new("diffuse", &["n", "t"]);
    let (before, rate) = (body.input("f64[n]"), body.input("f64[]"));
    let conductivity = body.input("f64[]");
    let (after, sum) = (body.output("f64[n]"), body.output("f64[]"));
    let flux = body.temporary("f64[n-1]");
    body.kernel(
        &[before, conductivity, flux],
        &["read % f64[n]", "read % f64[]", "write % f64[n-1]"],
        "grid i0 in n-1 {
           v0: f64 = load %0[i0 + 1]
           v1: f64 = load %0[i0]
           v2: f64 = subtract v0, v1
           v3: f64 = load %1[]
           v4: f64 = multiply v2, v3
           store %2[i0] v4
         }",
    );
    body.kernel(
        &[before, flux, rate, after],
        &["read % f64[n]", "read % f64[n-1]", "read % f64[]", "write % f64[n]"],
        "grid i0 in n-2 {
           v0: f64 = load %1[i0 + 1]
           v1: f64 = load %1[i0]
           v2: f64 = subtract v0, v1
           v3: f64 = load %0[i0 + 1]
           v4: f64 = load %2[]
           v5: f64 = fma v2, v4, v3
           store %3[i0 + 1] v5
         }",
    );
    body.kernel(
        &[before, after, sum],
        &["read % f64[n]", "write % f64[n]", "write % f64[]"],
        "grid i0 in 1 {
           v0: f64 = load %0[0]
           store %1[0] v0
           v1: f64 = load %0[n - 1]
           store %1[n - 1] v1
           v3: f64 = reduce i1 in n [sum] { v2: f64 = load %0[i1] yield v2 }
           store %2[] v3
         }",
    );
    body.plan
}

/// `t` steps of the heat equation on a rod of `n` points whose ends keep their temperature, with a rate for each step:
/// the temperatures behind the last, and the sum before each.
pub fn heat(reverse: bool) -> Plan {
    let mut heat = Draft::new("heat", &["n", "t"]);
    let (initial, rates) = (heat.input("f64[n]"), heat.input("f64[t]"));
    let conductivity = heat.constant(0.5);
    let (after, sums) = (heat.output("f64[n]"), heat.output("f64[t]"));
    heat.step(Step::Loop(Box::new(LoopStep {
        body: heat_body(),
        length: T,
        reverse,
        initial: vec![initial],
        scanned: vec![rates],
        constants: vec![conductivity],
        carried: vec![after],
        stacked: vec![sums],
    })));
    heat.plan
}

/// One step of Horner's rule on `n` points.
fn horner_body() -> Plan {
    let mut body = Draft::new("horner", &["n", "t"]);
    let (before, coefficient, x) = (body.input("f64[n]"), body.input("f64[]"), body.input("f64[n]"));
    let after = body.output("f64[n]");
    let product = body.temporary("f64[n]");
    body.kernel(
        &[before, x, product],
        &["read % f64[n]", "read % f64[n]", "write % f64[n]"],
        "grid i0 in n {
           v0: f64 = load %0[i0]
           v1: f64 = load %1[i0]
           v2: f64 = multiply v0, v1
           store %2[i0] v2
         }",
    );
    body.kernel(
        &[product, coefficient, after],
        &["read % f64[n]", "read % f64[]", "write % f64[n]"],
        "grid i0 in n {
           v0: f64 = load %0[i0]
           v1: f64 = load %1[]
           v2: f64 = add v0, v1
           store %2[i0] v2
         }",
    );
    body.plan
}

/// For each row of `f64[t, n]` the polynomial with these four coefficients, the constant one first, and a running total.
fn polynomial_body() -> Plan {
    let mut body = Draft::new("row", &["n", "t"]);
    let (total, count) = (body.input("f64[n]"), body.input("i64[]"));
    let (x, coefficients) = (body.input("f64[n]"), body.input("f64[4]"));
    let (total_after, count_after) = (body.output("f64[n]"), body.output("i64[]"));
    let value = body.output("f64[n]");
    let zeros = body.temporary("f64[n]");
    body.kernel(
        &[count, zeros, count_after],
        &["read % i64[]", "write % f64[n]", "write % i64[]"],
        "grid i0 in 1 {
           v0: f64 = constant 0.0
           for i1 in n { store %1[i1] v0 }
           v1: i64 = load %0[]
           v2: i64 = constant 1
           v3: i64 = add v1, v2
           store %2[] v3
         }",
    );
    body.step(Step::Loop(Box::new(LoopStep {
        body: horner_body(),
        length: Dim::fixed(4),
        reverse: true,
        initial: vec![zeros],
        scanned: vec![coefficients],
        constants: vec![x],
        carried: vec![value],
        stacked: vec![],
    })));
    body.kernel(
        &[total, value, total_after],
        &["read % f64[n]", "read % f64[n]", "write % f64[n]"],
        "grid i0 in n {
           v0: f64 = load %0[i0]
           v1: f64 = load %1[i0]
           v2: f64 = add v0, v1
           store %2[i0] v2
         }",
    );
    body.plan
}

/// A loop in a loop: `f64[t, n]` and coefficients to the values of the polynomial, their sums over `t`, and the number
/// of rows added to `i64[]`.
pub fn polynomials() -> Plan {
    let mut outer = Draft::new("polynomials", &["n", "t"]);
    let (x, coefficients) = (outer.input("f64[t, n]"), outer.input("f64[4]"));
    let count = outer.input("i64[]");
    let (total, counted) = (outer.output("f64[n]"), outer.output("i64[]"));
    let values = outer.output("f64[t, n]");
    let zeros = outer.temporary("f64[n]");
    outer.kernel(
        &[zeros],
        &["write % f64[n]"],
        "grid i0 in n {
           v0: f64 = constant 0.0
           store %0[i0] v0
         }",
    );
    outer.step(Step::Loop(Box::new(LoopStep {
        body: polynomial_body(),
        length: T,
        reverse: false,
        initial: vec![zeros, count],
        scanned: vec![x],
        constants: vec![coefficients],
        carried: vec![total, counted],
        stacked: vec![values],
    })));
    outer.plan
}

/// Newton's square roots of `f64[n]`, until the largest residual is small or `bound` iterations are done; and how many
/// that were.
pub fn roots(bound: Option<u64>) -> Plan {
    let mut condition = Draft::new("residual", &["n"]);
    let (x, _, squares) = (condition.input("f64[n]"), condition.input("i64[]"), condition.input("f64[n]"));
    let more = condition.output("bool[]");
    let largest = condition.temporary("f64[]");
    condition.kernel(
        &[x, squares, largest],
        &["read % f64[n]", "read % f64[n]", "write % f64[]"],
        "grid i0 in 1 {
           v4: f64 = reduce i1 in n [max] {
             v0: f64 = load %0[i1]
             v1: f64 = load %1[i1]
             v2: f64 = divide v1, v0
             v3: f64 = subtract v0, v2
             yield v3
           }
           store %2[] v4
         }",
    );
    condition.kernel(
        &[largest, more],
        &["read % f64[]", "write % bool[]"],
        "grid i0 in 1 {
           v0: f64 = load %0[]
           v1: f64 = constant 0.000001
           v2: bool = less v1, v0
           store %1[] v2
         }",
    );
    let mut body = Draft::new("newton", &["n"]);
    let (x, count, squares) = (body.input("f64[n]"), body.input("i64[]"), body.input("f64[n]"));
    let (after, counted) = (body.output("f64[n]"), body.output("i64[]"));
    let quotient = body.temporary("f64[n]");
    body.kernel(
        &[squares, x, quotient, count, counted],
        &["read % f64[n]", "read % f64[n]", "write % f64[n]", "read % i64[]", "write % i64[]"],
        "grid i0 in 1 {
           for i1 in n {
             v0: f64 = load %0[i1]
             v1: f64 = load %1[i1]
             v2: f64 = divide v0, v1
             store %2[i1] v2
           }
           v3: i64 = load %3[]
           v4: i64 = constant 1
           v5: i64 = add v3, v4
           store %4[] v5
         }",
    );
    body.kernel(
        &[x, quotient, after],
        &["read % f64[n]", "read % f64[n]", "write % f64[n]"],
        "grid i0 in n {
           v0: f64 = load %0[i0]
           v1: f64 = load %1[i0]
           v2: f64 = add v0, v1
           v3: f64 = constant 0.5
           v4: f64 = multiply v2, v3
           store %2[i0] v4
         }",
    );
    let mut roots = Draft::new("roots", &["n"]);
    let (initial, zero, squares) = (roots.input("f64[n]"), roots.input("i64[]"), roots.input("f64[n]"));
    let (found, counted) = (roots.output("f64[n]"), roots.output("i64[]"));
    roots.step(Step::While(Box::new(WhileStep {
        condition: condition.plan,
        body: body.plan,
        bound,
        initial: vec![initial, zero],
        constants: vec![squares],
        carried: vec![found, counted],
    })));
    roots.plan
}

/// A branch that scales `f64[n]` twice, by way of memory.
fn scaled(name: &str, factor: f64) -> Plan {
    let mut branch = Draft::new(name, &["n"]);
    let x = branch.input("f64[n]");
    let y = branch.output("f64[n]");
    let between = branch.temporary("f64[n]");
    let body = format!(
        "grid i0 in n {{
           v0: f64 = load %0[i0]
           v1: f64 = constant {factor:?}
           v2: f64 = multiply v0, v1
           store %1[i0] v2
         }}"
    );
    branch.kernel(&[x, between], &["read % f64[n]", "write % f64[n]"], &body);
    branch.kernel(&[between, y], &["read % f64[n]", "write % f64[n]"], &body);
    branch.plan
}

/// `f64[n]` times 1, 4 or 9 (1 or 4, for a `bool`), as a selector of the given type says.
pub fn switch(selector: DType) -> Plan {
    let mut switch = Draft::new("switch", &["n"]);
    let selected = switch.input(&format!("{selector}[]"));
    let x = switch.input("f64[n]");
    let y = switch.output("f64[n]");
    let mut branches = vec![scaled("once", 1.0), scaled("fourfold", 2.0), scaled("ninefold", 3.0)];
    if selector == DType::Bool {
        branches.pop();
    }
    switch.step(Step::Switch(Box::new(SwitchStep {
        selector: selected,
        branches,
        operands: vec![x],
        results: vec![y],
    })));
    switch.plan
}

/// In each of three iterations, what the native function `next` makes of `f64[n]` and the `f64[]` of its call, doubled.
pub fn native() -> Plan {
    let mut body = Draft::new("call", &["n"]);
    let (x, scale) = (body.input("f64[n]"), body.input("f64[]"));
    let y = body.output("f64[n]");
    let (next, flags) = (body.temporary("f64[n]"), body.temporary("bool[n]"));
    let (inputs, outputs) = (vec![body.ty("f64[n]"), body.ty("f64[]")], vec![body.ty("f64[n]"), body.ty("bool[n]")]);
    body.step(Step::Native(NativeStep {
        name: "next".to_owned(),
        inputs,
        outputs,
        operands: vec![x, scale],
        results: vec![next, flags],
    }));
    body.kernel(
        &[next, flags, y],
        &["read % f64[n]", "read % bool[n]", "write % f64[n]"],
        "grid i0 in n {
           v0: f64 = load %0[i0]
           v1: f64 = add v0, v0
           v2: bool = load %1[i0]
           v3: f64 = select v2, v1, v0
           store %2[i0] v3
         }",
    );
    let mut outer = Draft::new("calls", &["n"]);
    let (initial, scales) = (outer.input("f64[n]"), outer.input("f64[3]"));
    let result = outer.output("f64[n]");
    outer.step(Step::Loop(Box::new(LoopStep {
        body: body.plan,
        length: Dim::fixed(3),
        reverse: false,
        initial: vec![initial],
        scanned: vec![scales],
        constants: vec![],
        carried: vec![result],
        stacked: vec![],
    })));
    outer.plan
}

/// An array of `f64`.
pub fn array(shape: &[u64], elements: impl IntoIterator<Item = f64>) -> Constant {
    Constant::from_scalars(DType::F64, shape.to_vec(), elements.into_iter().map(Scalar::f64))
}

/// The elements of an array of `f64`.
pub fn elements(constant: &Constant) -> Vec<f64> {
    constant.elements().map(|element| f64::from_bits(element.bits)).collect()
}
