//! Convolutions of either kind, as one.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use super::conv::{Conv, Scratch};
use super::depthwise::Depthwise;
use super::threads;
use super::window::Window;

/// What combines pixels.
#[derive(Debug, Clone, Copy)]
pub enum Convolution {
    /// Every output channel sees every input channel.
    Dense(Conv),
    /// Every output channel sees its own input channel.
    Depthwise(Depthwise),
}

impl Convolution {
    /// Of `channels`, input and output, in that many `groups`: 1, or as many as there are channels.
    pub fn new(window: Window, channels: [usize; 2], groups: usize) -> Self {
        assert!(groups == 1 || channels == [groups; 2], "a convolution is dense or depthwise");
        if groups == 1 {
            Self::Dense(Conv { window, channels })
        } else {
            Self::Depthwise(Depthwise { window, channels: groups })
        }
    }

    /// Where outputs look.
    pub fn window(&self) -> &Window {
        match self {
            Self::Dense(conv) => &conv.window,
            Self::Depthwise(conv) => &conv.window,
        }
    }

    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        match self {
            Self::Dense(conv) => conv.channels,
            Self::Depthwise(conv) => [conv.channels; 2],
        }
    }

    /// Values of an input image.
    pub fn input_len(&self) -> usize {
        self.window().input_pixels() * self.channels()[0]
    }

    /// Values of an output image.
    pub fn output_len(&self) -> usize {
        self.window().output_pixels() * self.channels()[1]
    }

    /// How many images to treat at once.
    pub fn images_at_once(&self) -> usize {
        match self {
            Self::Dense(conv) => conv.images_at_once(),
            Self::Depthwise(conv) => conv.images_at_once(),
        }
    }

    /// The shape of burn's weight.
    pub fn weight_shape(&self) -> [usize; 4] {
        let kernel = self.window().kernel;
        match self {
            Self::Dense(conv) => [conv.channels[1], conv.channels[0], kernel, kernel],
            Self::Depthwise(conv) => [conv.channels, 1, kernel, kernel],
        }
    }

    /// burn's weight, channels last.
    pub fn pack<'a>(&self, weight: &'a [f32]) -> Cow<'a, [f32]> {
        match self {
            Self::Dense(conv) => conv.pack(weight),
            Self::Depthwise(conv) => Cow::Owned(conv.pack(weight)),
        }
    }

    /// The inverse of [`Convolution::pack`].
    pub fn unpack<'a>(&self, packed: &'a [f32]) -> Cow<'a, [f32]> {
        match self {
            Self::Dense(conv) => conv.unpack(packed),
            Self::Depthwise(conv) => Cow::Owned(conv.unpack(packed)),
        }
    }

    /// The packed weight as [`Convolution::forward`] reads it.
    pub fn columns<'a>(&self, packed: &'a [f32]) -> Cow<'a, [f32]> {
        match self {
            Self::Dense(conv) => Cow::Owned(conv.columns(packed)),
            Self::Depthwise(_) => Cow::Borrowed(packed),
        }
    }

    /// The same, for images of one pixel each where pixels do not see each other: caches hold a few of those at a time.
    pub fn by_pixels(self) -> Self {
        match self {
            Self::Dense(conv) if conv.window.is_pointwise() => {
                Self::Dense(Conv { window: Window { size: [1, 1], ..conv.window }, ..conv })
            }
            _ => self,
        }
    }

    /// Fills `output`.
    pub fn forward<'a>(
        &self,
        images: &[f32],
        columns: &[f32],
        scratch: &mut Scratch,
        output: &'a mut [MaybeUninit<f32>],
    ) -> &'a mut [f32] {
        match self {
            Self::Dense(conv) => conv.forward(images, columns, scratch, output),
            Self::Depthwise(conv) => conv.forward(images, columns, output),
        }
    }

    /// Gradients of images and of the packed weight, of no use unless wanted, from that of the output, on all cores. `ready` is
    /// given every piece of the latter, with where it begins, before it is used.
    pub fn gradients(
        &self,
        x: &[f32],
        packed: &[f32],
        gradient: &mut [f32],
        [input_wanted, weight_wanted]: [bool; 2],
        ready: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) -> (Vec<f32>, Vec<f32>) {
        if !input_wanted && !weight_wanted {
            return (vec![], vec![]);
        }
        let conv = self.by_pixels();
        let images = (x.len() / conv.input_len()).div_ceil(threads::pieces());
        let (input, output) = (images * conv.input_len(), images * conv.output_len());
        let pieces = x.chunks(input).zip(gradient.chunks_mut(output)).enumerate();
        // An input that wants no gradient gets as many pieces, of nothing.
        let (length, input_piece) = if input_wanted { (x.len(), input) } else { (pieces.len(), 1) };
        // A long weight is better cut than summed.
        let cut = match &conv {
            Self::Dense(conv) if weight_wanted && conv.has_long_weight(x) => Some(conv),
            _ => None,
        };
        let (x_gradient, partial) = threads::build(length, input_piece, pieces, |(piece, (x, gradient)), unfilled| {
            let mut weight_gradient = vec![];
            let (mut scratch, mut first) = (Scratch::default(), piece * output);
            let at_once = conv.images_at_once();
            let (input, output) = (at_once * conv.input_len(), at_once * conv.output_len());
            for (x, gradient) in x.chunks(input).zip(gradient.chunks_mut(output)) {
                ready(first, gradient);
                first += gradient.len();
                if weight_wanted && cut.is_none() {
                    conv.add_weight_gradient(x, gradient, &mut scratch, &mut weight_gradient);
                }
                if input_wanted {
                    unfilled.next(x.len(), |v| conv.input_gradient(gradient, packed, &mut scratch, v));
                }
            }
            weight_gradient
        });
        let weight_gradient = match cut {
            Some(conv) => {
                let [depth, channels] = conv.channels;
                let piece = channels.div_ceil(threads::pieces());
                let firsts = (0..channels).step_by(piece);
                let part = |first, unfilled: &mut threads::Unfilled| {
                    let length = piece.min(channels - first) * depth;
                    unfilled.next(length, |v| conv.some_weight_gradient(x, gradient, first, v));
                };
                threads::build(channels * depth, piece * depth, firsts, part).0
            }
            None => {
                let mut partial = partial.into_iter();
                let mut sum = partial.next().unwrap_or_default();
                partial.for_each(|partial| sum.iter_mut().zip(partial).for_each(|(sum, v)| *sum += v));
                sum
            }
        };
        (x_gradient, weight_gradient)
    }

    /// Adds to `gradient`, that of the packed weight; an empty one is zero.
    pub fn add_weight_gradient(&self, images: &[f32], output: &[f32], scratch: &mut Scratch, gradient: &mut Vec<f32>) {
        match self {
            Self::Dense(conv) => conv.add_weight_gradient(images, output, scratch, gradient),
            Self::Depthwise(conv) => conv.add_weight_gradient(images, output, gradient),
        }
    }

    /// Fills `gradient`, that of the images.
    pub fn input_gradient<'a>(
        &self,
        output: &[f32],
        packed: &[f32],
        scratch: &mut Scratch,
        gradient: &'a mut [MaybeUninit<f32>],
    ) -> &'a mut [f32] {
        match self {
            Self::Dense(conv) => conv.input_gradient(output, packed, scratch, gradient),
            Self::Depthwise(conv) => conv.input_gradient(output, packed, gradient),
        }
    }
}
