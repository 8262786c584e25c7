//! The processors that machine code is for.

use serde::{Deserialize, Serialize};

/// The processors that machine code is for: which extensions of the instruction set it may use.
///
/// What compiles to run refuses levels above what this processor has.
///
/// ```
/// use rotrace_backends::Processor;
/// assert!(Processor::X86_64V3.features().contains(&"avx2"));
/// // Code for it runs here, or this is what it needs beside.
/// println!("{} needs {:?}", Processor::X86_64V3.name(), Processor::X86_64V3.lacking());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Processor {
    /// This one, with all that it has, and others that have as much.
    #[default]
    Native,
    /// Any with the level x86-64-v3, whose vectors have 256 bits (AVX2, FMA): most since 2013.
    X86_64V3,
    /// Any with the level x86-64-v4, whose vectors have 512 bits (AVX-512 F, BW, CD, DQ, VL).
    X86_64V4,
}

/// What the level x86-64-v3 has beyond the first.
const V3: [&str; 13] =
    ["sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "lzcnt", "movbe"];

/// What x86-64-v4 has beyond that.
const V4: [&str; 5] = ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"];

impl Processor {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Native, Self::X86_64V3, Self::X86_64V4];

    /// Its name, as compilers call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::X86_64V3 => "x86-64-v3",
            Self::X86_64V4 => "x86-64-v4",
        }
    }

    /// The extensions that code for it may use.
    #[must_use]
    pub fn features(self) -> Vec<&'static str> {
        match self {
            Self::Native => detected(),
            Self::X86_64V3 => V3.to_vec(),
            Self::X86_64V4 => [&V3[..], &V4].concat(),
        }
    }

    /// Those of them that this processor lacks.
    #[must_use]
    pub fn lacking(self) -> Vec<&'static str> {
        let here = detected();
        self.features().into_iter().filter(|feature| !here.contains(feature)).collect()
    }

    /// Whether its vectors have 512 bits.
    #[cfg(feature = "mlir")]
    pub(crate) fn is_widest(self) -> bool {
        let features = self.features();
        V4.iter().all(|feature| features.contains(feature))
    }
}

macro_rules! detected {
    ($is_detected:ident: $($feature:tt)*) => {
        [$(($feature, std::arch::$is_detected!($feature))),*]
            .into_iter()
            .filter_map(|(feature, there)| there.then_some(feature))
            .collect()
    };
}

/// The extensions of this processor that code generators know how to use for arithmetic.
#[cfg(target_arch = "x86_64")]
fn detected() -> Vec<&'static str> {
    detected!(is_x86_feature_detected:
        "sse3" "ssse3" "sse4.1" "sse4.2" "sse4a" "avx" "avx2" "fma" "f16c" "bmi1" "bmi2" "tbm" "lzcnt" "popcnt" "adx"
        "movbe" "aes" "pclmulqdq" "sha" "gfni" "vaes" "vpclmulqdq" "avxvnni" "avxifma" "avxvnniint8" "avxvnniint16"
        "avx512f" "avx512bw" "avx512cd" "avx512dq" "avx512vl" "avx512ifma" "avx512vbmi" "avx512vbmi2" "avx512vnni"
        "avx512bitalg" "avx512vpopcntdq" "avx512vp2intersect" "avx512bf16" "avx512fp16")
}

/// The extensions of this processor that code generators know how to use for arithmetic.
#[cfg(target_arch = "aarch64")]
fn detected() -> Vec<&'static str> {
    detected!(is_aarch64_feature_detected: "asimd" "fp16" "lse" "lse2" "paca" "pacg" "bti" "dotprod" "rdm" "sve" "sve2")
}

/// No engine makes machine code here.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detected() -> Vec<&'static str> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::Processor;

    #[test]
    fn this_processor_lacks_nothing_of_its_own_and_levels_add_up() {
        assert!(Processor::Native.lacking().is_empty());
        let [lower, upper] = [Processor::X86_64V3, Processor::X86_64V4].map(Processor::features);
        assert!(lower.iter().all(|feature| upper.contains(feature)) && !lower.contains(&"avx512f"));
        let native = Processor::Native.features();
        assert_eq!(Processor::X86_64V4.lacking().contains(&"avx512f"), !native.contains(&"avx512f"));
    }
}
