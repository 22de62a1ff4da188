//! Features of frozen stages, computed once per example.

use std::collections::HashMap;
use std::rc::Rc;

use crate::dataset::ExampleId;

/// Pooled features by example. With f32 and 1280 features, 1,000 examples take 5 MB.
#[derive(Debug, Default)]
pub struct FeatureCache {
    features: HashMap<ExampleId, Rc<[f32]>>,
}

impl FeatureCache {
    /// Keeps the features of an example.
    pub fn insert(&mut self, id: ExampleId, features: Rc<[f32]>) {
        self.features.insert(id, features);
    }

    /// The features of an example, if they were computed.
    pub fn get(&self, id: ExampleId) -> Option<Rc<[f32]>> {
        self.features.get(&id).cloned()
    }

    /// Forgets examples.
    pub fn remove(&mut self, ids: &[ExampleId]) {
        ids.iter().for_each(|id| drop(self.features.remove(id)));
    }
}
