//! What a training run does, as data.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How the head is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Solver {
    /// Logistic regression, solved to convergence; its strength comes from cross-validation. Nothing to tune.
    #[default]
    Logistic,
    /// Gradient descent with AdamW, from the prototypes on.
    AdamW,
}

/// How the head is trained. Every field has a default, unknown ones are refused. All but `solver` and `seed` concern
/// [`Solver::AdamW`] only, and are refused without it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Plan {
    /// How the head is found.
    pub solver: Solver,
    /// The most passes over the examples, 1 to 10,000.
    pub epochs: usize,
    /// Highest learning rate, above 0 and at most 1.
    pub rate: f64,
    /// Examples a step, 1 to 4096; at most all of them are used.
    pub batch_size: usize,
    /// Probability mass spread evenly over the classes, 0 to below 1 (Szegedy et al., 2016, arXiv 1512.00567).
    pub label_smoothing: f32,
    /// AdamW's decoupled weight decay, 0 to 1 (Loshchilov and Hutter, 2019, arXiv 1711.05101).
    pub weight_decay: f32,
    /// Share of the steps over which the rate rises to its highest, 0 to 1; it falls along a cosine after.
    pub warm_up: f64,
    /// Epochs without a better validation loss after which training stops.
    pub patience: usize,
    /// Share of each class held out for validation, 0 to 0.5.
    pub validation: f64,
    /// Decides which examples are held out, and the order of examples.
    pub seed: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            solver: Solver::default(),
            epochs: 60,
            rate: 2e-3,
            batch_size: 32,
            label_smoothing: 0.05,
            weight_decay: 0.01,
            warm_up: 0.1,
            patience: 20,
            validation: 0.15,
            seed: 0,
        }
    }
}

impl Plan {
    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::BadOption`] naming the option and what it may be.
    pub fn check(&self) -> Result<()> {
        let check = |good: bool, name: &str, value: &dyn std::fmt::Display, allowed: &str| {
            if good { Ok(()) } else { Err(Error::BadOption(format!("{name} is {value}, but must be {allowed}"))) }
        };
        check((1..=10_000).contains(&self.epochs), "epochs", &self.epochs, "1 to 10000")?;
        check(self.rate > 0.0 && self.rate <= 1.0, "rate", &self.rate, "above 0 and at most 1")?;
        check((1..=4096).contains(&self.batch_size), "batchSize", &self.batch_size, "1 to 4096")?;
        check((0.0..1.0).contains(&self.label_smoothing), "labelSmoothing", &self.label_smoothing, "0 to below 1")?;
        check((0.0..=1.0).contains(&self.weight_decay), "weightDecay", &self.weight_decay, "0 to 1")?;
        check((0.0..=1.0).contains(&self.warm_up), "warmUp", &self.warm_up, "0 to 1")?;
        check(self.patience > 0, "patience", &self.patience, "at least 1")?;
        check((0.0..=0.5).contains(&self.validation), "validation", &self.validation, "0 to 0.5")?;
        let idle = match self.solver {
            Solver::Logistic => self.first_of_adamw(),
            Solver::AdamW => None,
        };
        idle.map_or(Ok(()), |name| {
            Err(Error::BadOption(format!(
                "{name} concerns the solver \"adamw\" only; leave it out, or choose that with solver: \"adamw\""
            )))
        })
    }

    /// The first option that concerns AdamW only and is not at its default.
    fn first_of_adamw(&self) -> Option<&'static str> {
        let default = Self::default();
        let changed = [
            (self.epochs != default.epochs, "epochs"),
            (self.rate != default.rate, "rate"),
            (self.batch_size != default.batch_size, "batchSize"),
            (self.label_smoothing != default.label_smoothing, "labelSmoothing"),
            (self.weight_decay != default.weight_decay, "weightDecay"),
            (self.warm_up != default.warm_up, "warmUp"),
            (self.patience != default.patience, "patience"),
            (self.validation != default.validation, "validation"),
        ];
        changed.into_iter().find_map(|(changed, name)| changed.then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_by_name() {
        let plan = |json: &str| serde_json::from_str::<Plan>(json).map_err(|e| e.to_string());
        assert_eq!(plan("{}").unwrap(), Plan::default());
        assert_eq!(plan(r#"{"batchSize": 8}"#).unwrap().batch_size, 8);
        assert!(plan(r#"{"leraning": 8}"#).unwrap_err().contains("leraning"));
        for (json, name) in [
            (r#"{"epochs": 0}"#, "epochs"),
            (r#"{"rate": -1}"#, "rate"),
            (r#"{"batchSize": 0}"#, "batchSize"),
            (r#"{"labelSmoothing": 1}"#, "labelSmoothing"),
            (r#"{"weightDecay": 2}"#, "weightDecay"),
            (r#"{"warmUp": 1.5}"#, "warmUp"),
            (r#"{"patience": 0}"#, "patience"),
            (r#"{"validation": 0.9}"#, "validation"),
        ] {
            let error = plan(json).unwrap().check().unwrap_err();
            assert!(error.code() == "bad-option" && error.to_string().contains(name), "{error}");
        }
        Plan { rate: f64::NAN, ..Plan::default() }.check().unwrap_err();
        assert!(plan(r#"{"solver": "newton"}"#).unwrap_err().contains("logistic"));
        let error = plan(r#"{"rate": 0.1}"#).unwrap().check().unwrap_err().to_string();
        assert!(error.contains("rate concerns the solver \"adamw\""), "{error}");
        plan(r#"{"solver": "adamw", "rate": 0.1}"#).unwrap().check().unwrap();
    }
}
