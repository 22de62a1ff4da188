//! Options as they come from JavaScript, whose mistakes are found by name.

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Reads options from JSON.
///
/// # Errors
/// [`Error::BadOption`], which says where in them the mistake is: `phases[2].rate: invalid type: string "0.01", expected f64`.
pub(crate) fn parse<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| {
        let words = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let words = words.strip_suffix(&place).unwrap_or(&words);
        // What JavaScript writes is one line.
        let path = path_at(json.as_bytes(), error.column());
        Error::BadOption(if path.is_empty() { words.to_owned() } else { format!("{path}: {words}") })
    })
}

/// Where in a valid JSON text the byte before `end` belongs: `a.b[1]`, empty for the whole.
fn path_at(json: &[u8], end: usize) -> String {
    enum Step {
        Key(String),
        Index(usize),
    }
    let mut path: Vec<Step> = vec![];
    let (mut at, end) = (0, end.min(json.len()));
    while at < end {
        let start = at;
        at += 1;
        match json[start] {
            b'{' => path.push(Step::Key(String::new())),
            b'[' => path.push(Step::Index(0)),
            // What is wrong with a list or an object is found at its end.
            b'}' | b']' if at < end => drop(path.pop()),
            b',' => match path.last_mut() {
                Some(Step::Index(index)) => *index += 1,
                Some(Step::Key(key)) => key.clear(),
                None => {}
            },
            b'"' => {
                while json.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if json[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
                if let (Some(b':'), Some(Step::Key(key))) = (json.get(at), path.last_mut()) {
                    *key = String::from_utf8_lossy(&json[start + 1..at - 1]).into_owned();
                }
            }
            _ => {}
        }
    }
    // At the end of an object it is the object that is wrong, not its last key.
    if matches!(json.get(end.wrapping_sub(1)), Some(b'}' | b']')) {
        path.pop();
    }
    let mut text = String::new();
    for step in path {
        match step {
            Step::Index(index) => text += &format!("[{index}]"),
            Step::Key(key) if key.is_empty() => {}
            Step::Key(key) => {
                text += if text.is_empty() { "" } else { "." };
                text += &key;
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::finetune::Plan;
    use crate::tuner::TrainOptions;

    use super::*;

    #[test]
    fn a_mistake_is_found_by_name() {
        let refusal = |json: &str| match parse::<TrainOptions>(json) {
            Err(Error::BadOption(words)) => words,
            other => panic!("{json}: {other:?}"),
        };
        let plan =
            |phase: &str| refusal(&format!(r#"{{"plan":{{"phases":[{{"train":"head","epochs":1}},{phase}]}}}}"#));
        let rate = plan(r#"{"train":"everything","epochs":1,"rate":"0.01"}"#);
        assert!(
            rate.starts_with("plan.phases[1].rate: ") && rate.contains("0.01") && !rate.contains("column"),
            "{rate}"
        );
        let odd = plan(r#"{"train":"head","epochs":1,"rte":1}"#);
        assert!(odd.starts_with("plan.phases[1]") && odd.contains("rte"), "{odd}");
        let schedule =
            plan(r#"{"train":"head","epochs":1,"schedule":{"name":"step","every":"a \"week\"","factor":0.5}}"#);
        // Of what goes by a name, the reader only knows the whole.
        assert!(schedule.starts_with("plan.phases[1]") && schedule.contains("week"), "{schedule}");
        assert!(refusal(r#"{"seed":-1}"#).starts_with("seed: "));
        assert!(refusal(r#"{"sede":1}"#).contains("sede"));
        assert!(parse::<Plan>(r#"{"phases":[]}"#).is_ok());
    }
}
