//! Compiled functions as files.

use crate::tree::{Outline, Trees};
use crate::{Compiled, Error, FileError, Natives, Options, Saved, Tensor, Tree};
use std::panic::Location;
use std::path::Path;

impl<In: Tree<Tensor>, Out: Tree<Tensor>> Compiled<In, Out> {
    /// Writes the function to a file, which is replaced: its graph, its kernels and its machine code; of a function on a GPU, its PTX.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        Ok(self.executable().save(path, &self.attachment()?)?)
    }

    /// As [`save`](Self::save), with PTX for an NVIDIA GPU in place of this computer's machine code, which needs the feature `mlir`, but
    /// neither a GPU nor CUDA: for GPUs of a compute capability and all above, given as ten times it, such as 87 for 8.7 (Jetson Orin).
    ///
    /// Where the GPU is, the file is read and trusted, and [`from_saved`](Self::from_saved) takes the PTX, of which the driver makes machine
    /// code. That needs the feature `cuda`, but neither `mlir` nor LLVM. [`load`](Self::load) compiles it anew for the processor.
    ///
    /// ```
    /// use rotrace::{Array, Compiled, Device, Error, Natives, Options, Saved, Tensor, trace};
    /// # let path = std::env::temp_dir().join(format!("rotrace-doc-gpu-{}", std::process::id()));
    /// # let path = path.as_path();
    /// let double = trace(|x: Tensor| x * 2.0).compile("f64[n]")?;
    /// # if cfg!(feature = "mlir") {
    /// double.save_for_gpu(path, 87)?;
    ///
    /// // On the robot:
    /// let on_gpu = || -> Result<Compiled<Tensor, Tensor>, Error> {
    ///     let options = Options { device: Device::cuda(0)?, ..Options::default() };
    ///     // SAFETY: the file is the one that was written above.
    ///     let saved = unsafe { Saved::read(path)?.trust() };
    ///     Compiled::from_saved(&saved, &Natives::default(), &options)
    /// };
    /// # if let Ok(double) = on_gpu() {
    /// # assert_eq!(double.call(&Array::from([1.5]))?, Array::from([3.0]));
    /// # }
    /// # std::fs::remove_file(path).ok();
    /// # }
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Without the feature `mlir`, a compute capability below 7.0, or the file cannot be written.
    pub fn save_for_gpu(&self, path: impl AsRef<Path>, capability: u32) -> Result<(), Error> {
        Ok(self.executable().save_for_gpu(path, &self.attachment()?, capability)?)
    }

    /// The structure of arguments and results, encoded.
    fn attachment(&self) -> Result<Vec<u8>, Error> {
        postcard::to_stdvec(self.trees()).map_err(|error| malformed(&error))
    }

    /// Reads a function that [`save`](Self::save) or [`save_for_gpu`](Self::save_for_gpu) wrote, and compiles it anew from its graph for
    /// the processor, as if it had just been traced: some milliseconds, on any of them. [`from_saved`](Self::from_saved) takes the machine
    /// code as it is, and other options.
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
    /// [`Engine::Optimised`](crate::Engine::Optimised) made runs in programs without LLVM, and PTX on a GPU ([`save_for_gpu`](Self::save_for_gpu)).
    /// Of the options those count then that concern calls: `threads`, `parallel_from`, `memory_limit`, and `device`, which must be a
    /// GPU if the code is for GPUs. If the file is not trusted, the graph is compiled anew, as the options say.
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
    /// What [`Saved::load`] reports, among it a native function that is not in `natives`, and code for another processor, for a GPU of
    /// a greater compute capability, or not for the device in the options; arguments or results that are not such trees.
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
