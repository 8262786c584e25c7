//! Machine code against the reference meaning of kernels, bit for bit.

#[path = "cranelift/arithmetic.rs"]
mod arithmetic;
#[path = "cranelift/control.rs"]
mod control;
#[path = "cranelift/load.rs"]
mod load;
#[path = "cranelift/long.rs"]
mod long;
#[path = "cranelift/memory.rs"]
mod memory;
#[path = "cranelift/random.rs"]
mod random;
#[path = "cranelift/reductions.rs"]
mod reductions;
#[path = "cranelift/reference.rs"]
mod reference;
#[path = "cranelift/sequential.rs"]
mod sequential;
#[path = "cranelift/support.rs"]
mod support;
