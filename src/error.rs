//! What can go wrong, each with what to do about it.

use thiserror::Error;

/// A result whose error is [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything this crate refuses or fails at. The message is for people; [`Error::code`] is for programs.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Error {
    /// Nothing was drawn, or only a dot.
    #[error("{0}")]
    EmptyDrawing(&'static str),
    /// An input that is neither a usable drawing nor a usable image, or numbers that are not finite.
    #[error("{0}")]
    BadInput(String),
    /// A class name that is empty, too long or taken.
    #[error("{0}")]
    BadLabel(String),
    /// An option with an unknown name or an impossible value.
    #[error("{0}")]
    BadOption(String),
    /// Fewer than two classes have examples.
    #[error("{} has drawings; draw at least one doodle for each of two classes", if *.0 == 0 { "no class" } else { "only one class" })]
    TooFewClasses(usize),
    /// Training needs more drawings than there are.
    #[error("{0}")]
    TooFewExamples(String),
    /// A class that does not exist.
    #[error("there is no class named “{0}”; add an example to create it")]
    UnknownClass(String),
    /// An example that does not exist.
    #[error("there is no example number {0}; it may have been removed already")]
    UnknownExample(u32),
    /// Weights that are truncated, of another network, or not finite.
    #[error("{0}")]
    BadWeights(String),
    /// A file that is neither a project nor a model.
    #[error("{0}")]
    UnknownFile(String),
    /// A project or model that is truncated, or whose parts do not fit together.
    #[error("{0}")]
    DamagedFile(String),
    /// A project or model of a later version of this crate.
    #[error(
        "the file is of version {found}, but this doodletune reads files up to version {known}; update doodletune (reload the page) to open it"
    )]
    NewerFile {
        /// What the file is of.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// A project or model that is too large to be read or written.
    #[error("{0}")]
    FileTooLarge(String),
    /// A project or model of another network than the one in use.
    #[error(
        "the file was made with {found} at {found_size} pixels, but {used} at {used_size} is in use; create a tuner with that backbone and size to open it"
    )]
    OtherBackbone {
        /// The file's network.
        found: String,
        /// Side of its input.
        found_size: usize,
        /// The network in use.
        used: String,
        /// Side of its input.
        used_size: usize,
    },
    /// Weights without a ready-made head were asked to guess; holds the name of their backbone.
    #[error(
        "the weights of {0} come without a ready-made head, so nothing can be guessed; teach two classes and predict, or use the backbone “doodle”"
    )]
    NoPretrainedHead(String),
    /// There is no GPU that can be used: in browsers, none that WebGPU offers.
    #[error("{0}")]
    NoWebGpu(String),
    /// The GPU went away while in use.
    #[error(
        "the GPU was lost ({0}); the drawings are safe: continue on the CPU, or reload the page to try the GPU again"
    )]
    DeviceLost(String),
    /// The GPU rejected a kernel or computed wrong numbers.
    #[error("the GPU could not run the network: {0}; use the CPU instead (device: \"cpu\")")]
    Gpu(String),
    /// The loss stopped being a finite number.
    #[error(
        "training diverged in epoch {epoch}: the loss is no longer a number; lower the learning rate (it was {rate:e} in the end); the best weights so far were kept"
    )]
    Diverged {
        /// Epoch, from 1, in which it happened.
        epoch: usize,
        /// Base learning rate of the run.
        rate: f64,
    },
    /// A training was to go on, but none is paused.
    #[error("no training is paused; start one with train")]
    NothingPaused,
    /// A training, or the loading of a file, was asked for while one goes on.
    #[error("a training or the loading of a file is already running; stop it first, or wait for it to end")]
    Busy,
    /// A defect of this crate or of a library under it.
    #[error("internal error: {0}; please report it")]
    Internal(String),
}

impl Error {
    /// A stable identifier for programs, such as `bad-weights`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyDrawing(_) => "empty-drawing",
            Self::BadInput(_) => "bad-input",
            Self::BadLabel(_) => "bad-label",
            Self::BadOption(_) => "bad-option",
            Self::TooFewClasses(_) => "too-few-classes",
            Self::TooFewExamples(_) => "too-few-examples",
            Self::UnknownClass(_) => "unknown-class",
            Self::UnknownExample(_) => "unknown-example",
            Self::BadWeights(_) => "bad-weights",
            Self::UnknownFile(_) => "unknown-file",
            Self::DamagedFile(_) => "damaged-file",
            Self::NewerFile { .. } => "newer-file",
            Self::FileTooLarge(_) => "file-too-large",
            Self::OtherBackbone { .. } => "other-backbone",
            Self::NoPretrainedHead(_) => "no-pretrained-head",
            Self::NoWebGpu(_) => "no-webgpu",
            Self::DeviceLost(_) => "device-lost",
            Self::Gpu(_) => "gpu-error",
            Self::Diverged { .. } => "diverged",
            Self::NothingPaused => "nothing-paused",
            Self::Busy => "busy",
            Self::Internal(_) => "internal",
        }
    }
}
