//! Where in a drawing the network finds its answer.

use std::rc::Rc;

use crate::backbone::{Backbone, Crew, InputSpec};
use crate::doodle::{Input, Picture};
use crate::error::Result;
use crate::head::{Guess, Head, ranking};

/// Squares per row and column.
const SIDE: usize = 12;

/// The side of what is wiped away around a square, in squares. What is smaller is easily made up for by what is left.
const WINDOW: usize = 3;

/// Where an answer was found, by occlusion (Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2013,
/// arXiv 1311.2901, section 4.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The answer.
    pub guess: Guess,
    /// Squares per row and column of the network's input.
    pub side: usize,
    /// By how much less probable the answer becomes when that square and its neighbours are wiped away, row by row; below 0
    /// where it becomes more probable, and 0 where there was nothing but paper.
    pub heat: Vec<f32>,
}

/// Explains what `head` makes of an input.
///
/// # Errors
/// [`Error::EmptyDrawing`](crate::Error::EmptyDrawing), or a failure of the processor.
pub async fn explain(backbone: &Backbone, head: &Head, input: &Input) -> Result<Explanation> {
    let spec = backbone.input();
    let whole = input.render(spec)?;
    let features = backbone.features(std::slice::from_ref(&whole)).await?;
    let guess = ranking(head.classes(), &head.logits(&features[0])).swap_remove(0);
    let class = head.classes().iter().position(|class| *class == guess.label).unwrap_or(0);
    let probability = |features: &Rc<[f32]>| head.probabilities(features)[class];

    let inked = |square: &usize| without(&whole, *square, spec).is_some();
    let squares: Vec<usize> = (0..SIDE * SIDE).filter(inked).collect();
    let wiped = |at: usize| Ok(without(&whole, squares[at], spec).expect("there is ink in it"));
    let mut heat = vec![0.0; SIDE * SIDE];
    for (square, features) in squares.iter().zip(Crew::default().features(backbone, squares.len(), wiped).await?) {
        heat[*square] = guess.probability - probability(&features);
    }
    Ok(Explanation { guess, side: SIDE, heat })
}

/// The picture with paper in the place of a square and its neighbours; none if there is nothing else.
fn without(picture: &Picture, square: usize, spec: &InputSpec) -> Option<Picture> {
    let range = |index: usize| {
        let edge = |square: usize| (square * picture.side).div_ceil(SIDE);
        edge(index.saturating_sub(WINDOW / 2))..edge((index + WINDOW / 2 + 1).min(SIDE))
    };
    let (mut wiped, mut ink) = (picture.clone(), false);
    for y in range(square / SIDE) {
        for pixel in &mut wiped.pixels[y * picture.side..][range(square % SIDE)] {
            ink |= std::mem::replace(pixel, [spec.paper; 3]) != [spec.paper; 3];
        }
    }
    ink.then_some(wiped)
}
