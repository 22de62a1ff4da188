//! What follows a convolution's sum, before it is written once.

use cubecl::prelude::*;

use super::{Four, Geometry};
use crate::kernels::Activation;

/// `y = activation(sum + bias + shortcut)` of a pixel, if there is one of that number.
#[cube]
#[expect(clippy::too_many_arguments)]
pub(super) fn finish(
    sum: Four,
    pixel: u32,
    channel: u32,
    bias: &ComptimeOption<&[Four]>,
    shortcut: &ComptimeOption<&[Four]>,
    y: &mut [Four],
    sizes: &Geometry,
    #[comptime] activation: Activation,
) {
    if pixel < sizes.pixels {
        let place = (pixel * sizes.outputs + channel) as usize;
        let mut value = sum;
        #[comptime]
        if let ComptimeOption::Some(bias) = bias {
            value += bias[channel as usize];
        }
        #[comptime]
        if let ComptimeOption::Some(shortcut) = shortcut {
            value += shortcut[place];
        }
        // What is no number stays none, so that a training that explodes is noticed.
        if comptime!(activation != Activation::None) {
            value = max_nan(value, Four::new(0.0f32));
        }
        if comptime!(activation == Activation::Relu6) {
            value = min_nan(value, Four::new(6.0f32));
        }
        y[place] = value;
    }
}
