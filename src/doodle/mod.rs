//! Drawings, and the one road from them to the pixels that a network sees.
//!
//! Every consumer (page, training, evaluation, export) goes through [`Input::render`], so that a drawing looks the
//! same to the network wherever it is shown to it.
//!
//! ```
//! use doodletune::backbone::InputSpec;
//! use doodletune::doodle::{Doodle, Input};
//!
//! let spec = InputSpec::dark_on_white(3, [0.5; 3], [0.5; 3]).with_size(64)?;
//! // Quick, Draw!'s form; the unit does not matter, since drawings are fitted to the input.
//! let house = [vec![0.0, 0.0, 50.0, 100.0, 100.0, 0.0], vec![100.0, 45.0, 0.0, 45.0, 100.0, 100.0]];
//! let house = Doodle::from_columns(&[house.to_vec()])?;
//! let picture = Input::from(house).render(&spec)?;
//!
//! assert_eq!((picture.side, picture.to_rgba().len()), (64, 64 * 64 * 4));
//! assert_eq!(picture.pixels[0], [1.0; 3], "the corner is paper");
//! assert!(picture.pixels.iter().any(|[r, g, b]| r + g + b < 0.1), "somewhere is ink");
//! # Ok::<(), doodletune::Error>(())
//! ```

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
