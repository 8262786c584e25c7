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

#[cfg(test)]
mod tests {
    use super::Target;
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
}
