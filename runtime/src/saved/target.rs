//! What machine code needs of a processor.

use super::FileError;
use rotrace_backends::Processor;
use serde::{Deserialize, Serialize};

/// Where machine code runs.
///
/// Code may use whatever the processors have that it is made for; no engine says what of it a piece of code does use.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Target {
    /// Architecture and calling convention, as `x86_64-unix`.
    platform: String,
    /// Extensions of the instruction set.
    features: Vec<String>,
}

impl Target {
    /// Processors of this one's platform.
    pub(super) fn of(processor: Processor) -> Self {
        Self {
            platform: format!("{}-{}", std::env::consts::ARCH, std::env::consts::FAMILY),
            features: processor.features().into_iter().map(str::to_owned).collect(),
        }
    }

    /// Whether code for this target runs on another.
    pub(super) fn runs_on(&self, here: &Self) -> Result<(), FileError> {
        if self.platform != here.platform {
            return Err(FileError::Target { made_for: self.platform.clone(), here: here.platform.clone() });
        }
        let features: Vec<String> =
            self.features.iter().filter(|feature| !here.features.contains(feature)).cloned().collect();
        if features.is_empty() { Ok(()) } else { Err(FileError::Features { features }) }
    }
}

/// Whether PTX for a compute capability runs on a GPU of another.
pub(super) fn runs_on_gpu(made_for: u32, here: u32) -> Result<(), FileError> {
    if here >= made_for {
        return Ok(());
    }
    let (made_for, here) = (shown(made_for), shown(here));
    let reason =
        format!("the file has code for GPUs of compute capability {made_for} and above, and this one has {here}");
    Err(FileError::NoCode(reason))
}

/// A compute capability as NVIDIA writes it.
pub(super) fn shown(capability: u32) -> String {
    format!("{}.{}", capability / 10, capability % 10)
}

#[cfg(test)]
mod tests {
    use super::{Target, runs_on_gpu};
    use crate::FileError;
    use rotrace_backends::Processor;

    fn target(platform: &str, features: &[&str]) -> Target {
        Target { platform: platform.to_owned(), features: features.iter().map(|&name| name.to_owned()).collect() }
    }

    #[test]
    fn code_runs_where_everything_is() {
        let here = target("x86_64-unix", &["avx", "fma"]);
        assert_eq!(target("x86_64-unix", &["avx"]).runs_on(&here), Ok(()));
        assert_eq!(
            target("x86_64-unix", &["avx", "avx2", "avx512f"]).runs_on(&here),
            Err(FileError::Features { features: vec!["avx2".to_owned(), "avx512f".to_owned()] })
        );
        assert_eq!(
            target("aarch64-unix", &[]).runs_on(&here),
            Err(FileError::Target { made_for: "aarch64-unix".to_owned(), here: "x86_64-unix".to_owned() })
        );
        let native = Target::of(Processor::Native);
        assert_eq!(native.runs_on(&native), Ok(()));
        let fits = Target::of(Processor::X86_64V3).runs_on(&native).is_ok();
        assert_eq!(fits, Processor::X86_64V3.lacking().is_empty());
    }

    #[test]
    fn code_for_gpus_runs_on_newer_ones() {
        assert_eq!(runs_on_gpu(87, 87), Ok(()));
        assert_eq!(runs_on_gpu(87, 120), Ok(()));
        let error = runs_on_gpu(100, 87).expect_err("it is older").to_string();
        let expected = "the file has code for GPUs of compute capability 10.0 and above, and this one has 8.7: load the file without \
                        trust, which compiles it anew";
        assert_eq!(error, expected);
    }
}
