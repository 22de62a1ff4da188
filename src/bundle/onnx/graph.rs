//! A graph of ONNX, built node by node: the messages of onnx.proto3, IR version 8, operators of version 17.

use std::collections::BTreeMap;

use super::protobuf::Message;

const IR_VERSION: i64 = 8;
const OPERATORS: i64 = 17;

/// A value in the graph, by its name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value(String);

/// What a node is told beside its inputs.
pub(super) enum Attribute<'a> {
    Float(f32),
    Number(i64),
    Numbers(&'a [i64]),
}

/// The types of tensors that are used.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Float = 1,
    Byte = 2,
    Long = 7,
}

/// A length that is known, or whatever it is in use.
pub(super) enum Length<'a> {
    Known(usize),
    Any(&'a str),
}

/// A graph as far as it was built.
#[derive(Default)]
pub(super) struct Graph {
    body: Message,
    values: usize,
}

impl Graph {
    /// An input of the graph.
    pub fn input(&mut self, name: &str, kind: Kind, shape: &[Length]) -> Value {
        self.append(|body| body.message(11, described(name, kind, shape)));
        Value(name.to_owned())
    }

    /// Makes a value an output of the graph, under that name.
    pub fn output(&mut self, name: &str, value: &Value, shape: &[Length]) {
        self.write_node("Identity", &[value], name, &[]);
        self.append(|body| body.message(12, described(name, Kind::Float, shape)));
    }

    /// What an operator makes of its inputs.
    pub fn node(&mut self, operator: &str, inputs: &[&Value], attributes: &[(&str, Attribute)]) -> Value {
        let value = self.fresh();
        self.write_node(operator, inputs, &value.0, attributes);
        value
    }

    /// A tensor that is known beforehand.
    pub fn floats(&mut self, shape: &[usize], values: &[f32]) -> Value {
        self.tensor(Kind::Float, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// A number that is known beforehand.
    pub fn scalar(&mut self, value: f32) -> Value {
        self.floats(&[], &[value])
    }

    /// A list of whole numbers that is known beforehand.
    pub fn longs(&mut self, values: &[i64]) -> Value {
        self.tensor(Kind::Long, &[values.len()], values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// A whole number that is known beforehand.
    pub fn long(&mut self, value: i64) -> Value {
        self.tensor(Kind::Long, &[], value.to_le_bytes().to_vec())
    }

    /// The whole file.
    pub fn into_file(self, documentation: &str, texts: &BTreeMap<String, String>) -> Vec<u8> {
        let model = Message::default()
            .number(1, IR_VERSION)
            .bytes(2, "doodletune")
            .bytes(3, env!("CARGO_PKG_VERSION"))
            .bytes(6, documentation)
            .message(7, self.body.bytes(2, "doodletune"))
            .message(8, Message::default().bytes(1, "").number(2, OPERATORS));
        let text = |model: Message, (key, text)| model.message(14, Message::default().bytes(1, key).bytes(2, text));
        texts.iter().fold(model, text).into_bytes()
    }

    fn tensor(&mut self, kind: Kind, shape: &[usize], bytes: Vec<u8>) -> Value {
        let value = self.fresh();
        let dimensions = shape.iter().fold(Message::default(), |tensor, length| tensor.number(1, *length as i64));
        let tensor = dimensions.number(2, kind as i64).bytes(8, &value.0).bytes(9, bytes);
        self.append(|body| body.message(5, tensor));
        value
    }

    fn write_node(&mut self, operator: &str, inputs: &[&Value], output: &str, attributes: &[(&str, Attribute)]) {
        let node = inputs.iter().fold(Message::default(), |node, input| node.bytes(1, &input.0));
        let node = node.bytes(2, output).bytes(3, format!("{operator} of {output}")).bytes(4, operator);
        let node = attributes.iter().fold(node, |node, (name, attribute)| {
            let named = Message::default().bytes(1, name);
            node.message(
                5,
                match attribute {
                    Attribute::Float(value) => named.float(2, *value).number(20, 1),
                    Attribute::Number(value) => named.number(3, *value).number(20, 2),
                    Attribute::Numbers(values) => {
                        values.iter().fold(named, |named, value| named.number(8, *value)).number(20, 7)
                    }
                },
            )
        });
        self.append(|body| body.message(1, node));
    }

    fn append(&mut self, add: impl FnOnce(Message) -> Message) {
        self.body = add(std::mem::take(&mut self.body));
    }

    fn fresh(&mut self) -> Value {
        self.values += 1;
        Value(format!("v{}", self.values))
    }
}

fn described(name: &str, kind: Kind, shape: &[Length]) -> Message {
    let dimensions = shape.iter().fold(Message::default(), |dimensions, length| {
        dimensions.message(
            1,
            match length {
                Length::Known(length) => Message::default().number(1, *length as i64),
                Length::Any(name) => Message::default().bytes(2, name),
            },
        )
    });
    let tensor = Message::default().number(1, kind as i64).message(2, dimensions);
    Message::default().bytes(1, name).message(2, Message::default().message(1, tensor))
}
