//! Drawings, and the one road from them to the pixels that a network sees.
//!
//! Every consumer (page, training, evaluation, export) goes through [`Input::render`], so that a drawing looks the
//! same to the network wherever it is shown to it.

mod augment;
mod image;
mod pixels;
mod raster;
mod stroke;

pub use augment::Augmentation;
pub(crate) use augment::normal;
pub use image::Image;
pub(crate) use image::PAPER_TOLERANCE;
pub(crate) use pixels::window;
pub use pixels::{PixelAugmentation, Policy};
pub use raster::Picture;
pub use stroke::{Doodle, Stroke};

use crate::backbone::InputSpec;
use crate::error::Result;

/// What a class is taught with, and what is to be recognised.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Strokes, in the order in which they were drawn.
    Doodle(Doodle),
    /// Pixels: a photo, a scan or a canvas.
    Image(Image),
}

impl Input {
    /// Renders the input as `spec` asks: cropped to its ink, centred, on paper.
    ///
    /// # Errors
    /// [`EmptyDrawing`](crate::Error::EmptyDrawing) if there is nothing to see.
    pub fn render(&self, spec: &InputSpec) -> Result<Picture> {
        match self {
            Self::Doodle(doodle) => doodle.render(spec),
            Self::Image(image) => image.render(spec),
        }
    }
}

impl From<Doodle> for Input {
    fn from(doodle: Doodle) -> Self {
        Self::Doodle(doodle)
    }
}

impl From<Image> for Input {
    fn from(image: Image) -> Self {
        Self::Image(image)
    }
}
