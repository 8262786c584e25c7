//! NVIDIA's assembler, if it is there: where `ROTRACE_PTXAS` says, or where `scripts/install-ptxas.sh` puts it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The assembler.
pub struct Assembler {
    program: PathBuf,
}

/// The oldest GPU that the assembler knows; it takes PTX for older ones.
const OLDEST: u32 = 75;

impl Assembler {
    /// None, after a word to the user, if there is none.
    pub fn find() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Assembler>> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            let named = std::env::var_os("ROTRACE_PTXAS").map(PathBuf::from);
            let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/ptxas/nvidia/cu13/bin/ptxas");
            let program = named.or_else(|| installed.exists().then_some(installed));
            if program.is_none() {
                eprintln!("not run: PTX was not assembled, as there is no ptxas (scripts/install-ptxas.sh)");
            }
            program.map(|program| Self { program })
        });
        found.as_ref()
    }

    /// Assembles PTX; gives what the assembler says of registers and spills.
    pub fn assemble(&self, text: &str, capability: u32) -> Result<String, String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("rotrace-{}-{number}.ptx", std::process::id()));
        std::fs::write(&file, text).map_err(|error| error.to_string())?;
        let chip = format!("sm_{}", capability.max(OLDEST));
        let output =
            Command::new(&self.program).args(["-v", "--gpu-name", &chip, "-o", "/dev/null"]).arg(&file).output();
        let removed = std::fs::remove_file(&file);
        let output = output.map_err(|error| format!("{}: {error}", self.program.display()))?;
        removed.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(said) } else { Err(said) }
    }
}
