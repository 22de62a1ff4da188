//! Values on their way to others, in one pass over memory where separate operations take three.

use burn::prelude::*;
use burn_flex::{Flex, FlexTensor};

use super::vectors::vectorized;

/// The share `share` of the way from one tensor to another of its shape: what is the same in both stays the same to the last
/// bit.
///
/// # Panics
/// If a tensor is one with automatic differentiation, or they are on different devices or of different shapes.
pub fn lerp<const D: usize>(from: Tensor<D>, to: Tensor<D>, share: f32) -> Tensor<D> {
    assert!(from.dims() == to.dims(), "both are of one shape");
    #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
    if !crate::device::is_cpu(&from.device()) {
        let [from, to] = [from, to].map(super::gpu::on_gpu);
        return Tensor::from_primitive::<burn_cubecl::CubeBackend>(super::gpu::lerp(from, to, share));
    }
    let plain = |tensor: Tensor<D>| {
        tensor.try_into_primitive::<Flex>().expect("this kernel is for tensors on the CPU or on a GPU")
    };
    Tensor::from_primitive::<Flex>(lerp_on_cpu(plain(from), plain(to), share))
}

/// Apart from ranks, of which there are several.
fn lerp_on_cpu(from: FlexTensor, to: FlexTensor, share: f32) -> FlexTensor {
    let [from, to] = [from, to].map(|tensor| tensor.to_contiguous());
    let values = to.as_slice::<f32>().expect("it is contiguous");
    let mut between = from.as_slice::<f32>().expect("it is contiguous").to_vec();
    vectorized(
        #[inline(always)]
        || between.iter_mut().zip(values).for_each(|(from, to)| *from += (to - *from) * share),
    );
    FlexTensor::from_data(TensorData::new(between, from.layout().shape().clone()))
}
