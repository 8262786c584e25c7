//! Compiled functions for C: an object file with a header, which need neither the runtime nor a library.
//!
//! ```text
//! plan       a plan without loops as launches over the caller's arrays and a workspace
//! object     machine code as a relocatable file
//! header     what a C compiler needs to know of it
//! ```

mod header;
mod object;
mod plan;

use crate::compile::scratch_copies;
use crate::executable::EngineState;
use crate::{Error, Executable};
use rotrace_backends::cranelift::straight;
use std::fs;
use std::path::Path;

/// Why there is no object file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// Not what a function can be called in C.
    #[error(
        "`{0}` cannot be the name of a C function: it takes letters, digits and `_`, none of C's own words, and begins with a letter"
    )]
    Name(String),
    /// There is no machine code to export.
    #[error("the interpreter runs this function, so there is no machine code to export: {0}")]
    Interpreted(String),
    /// The code is not for the processor.
    #[error("the function was compiled for a GPU: compile it for the processor")]
    Gpu,
    /// A step that needs the runtime.
    #[error("step {step}, @{name}, is {what}, which needs the runtime: a C object runs kernels one after the other")]
    Step {
        /// Its position in the plan.
        step: usize,
        /// The name of what runs.
        name: String,
        /// What kind of step it is.
        what: &'static str,
    },
    /// Objects are not made for this platform.
    #[error("object files are made on x86-64 under Unix only, for such systems")]
    Platform,
    /// The file system's failure.
    #[error("{path}: {message}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        message: String,
    },
}

/// A compiled function as a C compiler takes it.
#[derive(Clone, Debug)]
pub struct CObject {
    /// The name of the function.
    pub name: String,
    /// A relocatable ELF file.
    pub object: Vec<u8>,
    /// The header, for C99 and C++.
    pub header: String,
}

impl CObject {
    /// Writes `NAME.o` and `NAME.h` to a folder, which is made if it is not there.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<(), ExportError> {
        let folder = folder.as_ref();
        let failed = |path: &Path, error: std::io::Error| ExportError::File {
            path: path.display().to_string(),
            message: error.to_string(),
        };
        fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        for (extension, bytes) in [("o", &self.object[..]), ("h", self.header.as_bytes())] {
            let path = folder.join(&self.name).with_extension(extension);
            fs::write(&path, bytes).map_err(|error| failed(&path, error))?;
        }
        Ok(())
    }
}

impl Executable {
    /// The function as an object file with a C header, to be linked into a program in C, C++ or whatever calls C.
    ///
    /// The object has no undefined symbols and no relocations: it needs no C library, allocates nothing, keeps nothing between
    /// calls, and may be called from many threads. Its functions are `NAME`, which checks sizes and addresses, runs the kernels on
    /// the calling thread, and gives the bits that [`call`](Self::call) gives; and `NAME_workspace_bytes`. The header says what
    /// they take and return, and which instruction sets the code may use.
    ///
    /// ```
    /// use rotrace_ir::text::parse_function;
    /// use rotrace_runtime::{Executable, Options};
    /// let function = parse_function("fn @f(dims n; %x: f64[n]) -> (f64[n]) {\n %y: f64[n] = add %x, %x\n return %y\n}")?;
    /// # if cfg!(not(all(target_arch = "x86_64", unix))) { return Ok(()); }
    /// let object = Executable::compile(&function, &Options::default())?.object("twice")?;
    /// assert!(object.header.contains("int twice(const double *x0, double *y0, int64_t n, void *workspace, size_t workspace_bytes);"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A plan with loops, branches or native functions between its kernels; a function that the interpreter runs; another platform
    /// than x86-64 under Unix; a name that C does not take.
    pub fn object(&self, name: &str) -> Result<CObject, Error> {
        header::check_name(name)?;
        if !cfg!(all(target_arch = "x86_64", unix)) {
            return Err(ExportError::Platform.into());
        }
        let launcher = match &self.engine {
            EngineState::Compiled(launcher) => launcher,
            EngineState::Interpreted(_) => {
                let reason = self.report.interpreted.clone().unwrap_or_default();
                return Err(ExportError::Interpreted(reason).into());
            }
            EngineState::OnGpu(_) => return Err(ExportError::Gpu.into()),
        };
        let (code, better) = launcher.code_and_tier();
        let copies = scratch_copies(self.texts.maker.of_code(better).engine());
        let exported = plan::export(&self.texts.plan, &code.image(), self.signature.least(), copies)?;
        let piece = straight::compile(name, &exported.straight, &exported.image, self.texts.maker.processor())
            .map_err(|error| Error::Unsupported(error.to_string()))?;
        let object = object::write(name, &piece).map_err(Error::Unsupported)?;
        Ok(CObject { name: name.to_owned(), object, header: header::write(name, self) })
    }
}
