//! The oracle: what every program means, computed slowly and obviously.
//!
//! Every engine is tested against these interpreters, bit for bit. Nothing here is ever optimised.

pub mod graph;
