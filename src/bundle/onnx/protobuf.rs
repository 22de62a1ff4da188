//! As much of protobuf as it takes to write: whole numbers, floats, bytes and messages. A library would weigh more than
//! these lines, and than the messages of ONNX that are needed.

/// A message, field by field.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// A whole number, or a value of an enumeration.
    pub fn number(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3);
        // A negative number is its two's complement, as protobuf says.
        self.varint(value as u64);
        self
    }

    /// A single-precision number.
    pub fn float(mut self, field: u64, value: f32) -> Self {
        self.varint((field << 3) | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Bytes or a text.
    pub fn bytes(mut self, field: u64, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        self.varint((field << 3) | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    /// A message within.
    pub fn message(self, field: u64, message: Self) -> Self {
        self.bytes(field, message.0)
    }

    /// As it is stored.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_examples_of_the_specification() {
        // https://protobuf.dev/programming-guides/encoding: 150 in field 1, "testing" in field 2, the first in field 3.
        let first = || Message::default().number(1, 150);
        assert_eq!(first().into_bytes(), [0x08, 0x96, 0x01]);
        let text = Message::default().bytes(2, "testing").into_bytes();
        assert_eq!(text, [&[0x12, 0x07][..], b"testing"].concat());
        assert_eq!(Message::default().message(3, first()).into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(Message::default().number(1, -2).into_bytes().len(), 11);
        assert_eq!(Message::default().float(1, 1.0).into_bytes(), [0x0d, 0, 0, 0x80, 0x3f]);
    }
}
