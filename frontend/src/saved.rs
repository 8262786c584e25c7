//! Compiled functions as files.

use crate::tree::{Outline, Trees};
use crate::{Compiled, Error, FileError, Natives, Options, Saved, Tensor, Tree};
use std::panic::Location;
use std::path::Path;

impl<In: Tree<Tensor>, Out: Tree<Tensor>> Compiled<In, Out> {
    /// Writes the function to a file, which is replaced: its graph, its kernels and its machine code.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let attachment = postcard::to_stdvec(self.trees()).map_err(|error| malformed(&error))?;
        Ok(self.executable().save(path, &attachment)?)
    }

    /// Reads a function that [`save`](Self::save) wrote, and compiles it anew from its graph, as if it had just been traced: some
    /// milliseconds, on any processor. [`from_saved`](Self::from_saved) takes the machine code as it is.
    ///
    /// ```
    /// use rotrace::{Array, Compiled, Tensor, spatial::Rotation, trace};
    /// # let path = std::env::temp_dir().join(format!("rotrace-doc-{}", std::process::id()));
    /// let rotate = trace(|(x, p): (Tensor, Tensor)| Rotation::from_rotvec(x).apply(p));
    /// rotate.compile("f64[n, 3], f64[3]")?.save(&path)?;
    ///
    /// let rotate: Compiled<(Tensor, Tensor), Tensor> = Compiled::load(&path)?;
    /// let rotated = rotate.call(&(Array::from([[0.0, 0.0, 1.5]]), Array::from([1.0, 2.0, 3.0])))?;
    /// assert_eq!(rotated.shape(), [1, 3]);
    /// # std::fs::remove_file(&path).ok();
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    ///
    /// # Errors
    /// The file cannot be read, is none of rotrace's, of another format, truncated, or altered; its arguments or results are not
    /// such trees; it calls native functions; or what compiling reports.
    #[track_caller]
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let saved = Saved::read(path)?;
        Self::from_saved(&saved, &Natives::default(), &Options::default())
    }

    /// The function of a file that was read. If the file is trusted, its machine code is taken as it is: nothing is compiled, so what
    /// [`Engine::Optimised`](crate::Engine::Optimised) made runs in programs without LLVM. Of the options those count then that
    /// concern calls (`threads`, `parallel_from`, `memory_limit`).
    ///
    /// ```
    /// use rotrace::{Array, Compiled, Natives, Options, Saved, Tensor, trace};
    /// # let path = std::env::temp_dir().join(format!("rotrace-doc-trusted-{}", std::process::id()));
    /// trace(|x: Tensor| x.sin()).compile("f64[n]")?.save(&path)?;
    ///
    /// let saved = Saved::read(&path)?;
    /// // SAFETY: the file was written a few lines above.
    /// let saved = unsafe { saved.trust() };
    /// let sine: Compiled<Tensor, Tensor> = Compiled::from_saved(&saved, &Natives::default(), &Options::default())?;
    /// assert_eq!(sine.call(&Array::from([0.0]))?, Array::from([0.0]));
    /// # std::fs::remove_file(&path).ok();
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    ///
    /// # Errors
    /// What [`Saved::load`] reports, a native function that is not in `natives` among it; arguments or results that are not such
    /// trees.
    #[track_caller]
    pub fn from_saved(saved: &Saved, natives: &Natives, options: &Options) -> Result<Self, Error> {
        let location = Location::caller();
        let mistake = |message: String| Error::Signature { message, location };
        if saved.attachment().is_empty() {
            return Err(mistake(
                "the file holds an executable without the structure of arguments and results".to_owned(),
            ));
        }
        let trees: Trees = postcard::from_bytes(saved.attachment()).map_err(|error| malformed(&error))?;
        let executable = saved.load(natives, options)?;
        check::<In>(&trees.arguments, executable.inputs().len(), "arguments").map_err(mistake)?;
        check::<Out>(&trees.results, executable.outputs().len(), "results").map_err(mistake)?;
        Ok(Self::of_executable(executable, trees))
    }
}

/// More elements than leaves a `Vec` may have, if they have no leaves.
const MOST_WITHOUT_LEAVES: usize = 1000;

/// Builds a tree from stand-ins, to learn whether the outline is one of its type.
fn check<T: Tree<Tensor>>(outline: &Outline, leaves: usize, what: &str) -> Result<(), String> {
    let sensible = |&length: &usize| length <= leaves + MOST_WITHOUT_LEAVES;
    let lengths = outline.lengths.as_deref().unwrap_or_default();
    let fits = outline.leaves == leaves
        && lengths.iter().all(sensible)
        && outline.build::<Tensor, T>(vec![Tensor::POISON; leaves]).is_some();
    if fits {
        return Ok(());
    }
    let of_lengths = if lengths.is_empty() { String::new() } else { format!(" in lists of lengths {lengths:?}") };
    let leaves = if leaves == 1 { "1 leaf".to_owned() } else { format!("{leaves} leaves") };
    Err(format!("the file's {what} have {leaves}{of_lengths}, which is no {}", std::any::type_name::<T>()))
}

fn malformed(error: &postcard::Error) -> Error {
    FileError::Malformed(format!("the structure of arguments and results: {error}")).into()
}
