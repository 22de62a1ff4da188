//! Just enough of WebAssembly's binary format to write kernels at run time: cut to the shapes at hand, and with instructions
//! that this module cannot hold itself, since a browser without them would refuse all of it.
//!
//! "WebAssembly Core Specification" 2.0, chapter 5, and the relaxed SIMD proposal for its opcodes.

use js_sys::WebAssembly::{Instance, Module as Compiled};
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

thread_local! {
    /// Whether the browser can multiply and add in one instruction (relaxed SIMD).
    static FUSED: bool = {
        let mut function = Function::of(true, 0, 0, 1);
        function.multiply_add(0, [0, 0]);
        let mut module = Module::default();
        module.add(0, function);
        module.instantiate().is_ok()
    };
}

/// A module that imports its memory as `env.memory` and exports functions without results.
#[derive(Debug, Default)]
pub struct Module {
    types: Vec<u8>,
    count: u32,
    functions: Vec<u8>,
    bodies: Vec<u8>,
    exports: Vec<(&'static str, u32)>,
}

impl Module {
    /// Adds a function that has `parameters` 32-bit integers, and returns its number.
    pub fn add(&mut self, parameters: u32, function: Function) -> u32 {
        let index = self.count;
        // One type a function: they are few.
        self.types.push(0x60);
        unsigned(&mut self.types, parameters);
        self.types.extend((0..parameters).map(|_| I32));
        unsigned(&mut self.types, 0);
        unsigned(&mut self.functions, index);
        self.count += 1;
        let mut body = vec![];
        unsigned(&mut body, 2);
        for (count, kind) in [(function.integers, I32), (function.vectors, V128)] {
            unsigned(&mut body, count);
            body.push(kind);
        }
        body.extend(function.code);
        body.push(END);
        unsigned(&mut self.bodies, body.len() as u32);
        self.bodies.extend(body);
        index
    }

    /// Makes a function known by `name`.
    pub fn export(&mut self, name: &'static str, function: u32) {
        self.exports.push((name, function));
    }

    /// What it exports, ready to work on the memory of this module.
    ///
    /// # Errors
    /// Where the browser does not know its instructions.
    pub fn instantiate(self) -> Result<JsValue, JsValue> {
        let compiled = Compiled::new(&Uint8Array::from(self.bytes().as_slice()).into())?;
        let [environment, imports] = [Object::new(), Object::new()];
        Reflect::set(&environment, &"memory".into(), &wasm_bindgen::memory())?;
        Reflect::set(&imports, &"env".into(), &environment)?;
        Ok(Instance::new(&compiled, &imports)?.exports().into())
    }

    fn bytes(self) -> Vec<u8> {
        let count = self.count;
        let mut imports = vec![];
        unsigned(&mut imports, 1);
        name(&mut imports, "env");
        name(&mut imports, "memory");
        // A memory of at least one page.
        imports.extend([0x02, 0x00, 0x01]);
        let mut exports = vec![];
        unsigned(&mut exports, self.exports.len() as u32);
        for (export, function) in self.exports {
            name(&mut exports, export);
            exports.push(0x00);
            unsigned(&mut exports, function);
        }
        let counted = |content: Vec<u8>| {
            let mut section = vec![];
            unsigned(&mut section, count);
            section.extend(content);
            section
        };
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        for (id, section) in [
            (1, counted(self.types)),
            (2, imports),
            (3, counted(self.functions)),
            (7, exports),
            (10, counted(self.bodies)),
        ] {
            bytes.push(id);
            unsigned(&mut bytes, section.len() as u32);
            bytes.extend(section);
        }
        bytes
    }
}

const I32: u8 = 0x7f;
const V128: u8 = 0x7b;
const END: u8 = 0x0b;
const NO_RESULT: u8 = 0x40;

/// A variable of a function: parameters come first, then integers, then vectors.
pub type Local = u32;

/// The instructions of a function, each a method that appends it.
#[derive(Debug)]
pub struct Function {
    parameters: u32,
    integers: u32,
    vectors: u32,
    fused: bool,
    code: Vec<u8>,
}

impl Function {
    /// With local variables besides its parameters.
    pub fn new(parameters: u32, integers: u32, vectors: u32) -> Self {
        Self::of(FUSED.with(|fused| *fused), parameters, integers, vectors)
    }

    fn of(fused: bool, parameters: u32, integers: u32, vectors: u32) -> Self {
        Self { parameters, integers, vectors, fused, code: vec![] }
    }

    pub fn integer(&self, index: u32) -> Local {
        assert!(index < self.integers, "there are as many integers as asked for");
        self.parameters + index
    }

    pub fn vector(&self, index: u32) -> Local {
        assert!(index < self.vectors, "there are as many vectors as asked for");
        self.parameters + self.integers + index
    }

    pub fn get(&mut self, local: Local) {
        self.code.push(0x20);
        unsigned(&mut self.code, local);
    }

    pub fn set(&mut self, local: Local) {
        self.code.push(0x21);
        unsigned(&mut self.code, local);
    }

    pub fn constant(&mut self, value: i32) {
        self.code.push(0x41);
        signed(&mut self.code, value);
    }

    pub fn call(&mut self, function: u32) {
        self.code.push(0x10);
        unsigned(&mut self.code, function);
    }

    /// `local += other`.
    pub fn advance(&mut self, local: Local, other: Local) {
        self.get(local);
        self.get(other);
        self.code.push(0x6a);
        self.set(local);
    }

    /// `local += other * times`.
    pub fn advance_times(&mut self, local: Local, other: Local, times: i32) {
        self.get(local);
        self.get(other);
        self.constant(times);
        self.code.extend([0x6c, 0x6a]);
        self.set(local);
    }

    /// `local = other`.
    pub fn copy(&mut self, local: Local, other: Local) {
        self.get(other);
        self.set(local);
    }

    /// `local = value`.
    pub fn set_to(&mut self, local: Local, value: i32) {
        self.constant(value);
        self.set(local);
    }

    /// `local += value`.
    pub fn advance_by(&mut self, local: Local, value: i32) {
        self.get(local);
        self.constant(value);
        self.code.push(0x6a);
        self.set(local);
    }

    /// Runs `body` if `local` is not zero.
    pub fn when(&mut self, local: Local, body: impl FnOnce(&mut Self)) {
        self.get(local);
        self.code.extend([0x04, NO_RESULT]);
        body(self);
        self.code.push(END);
    }

    /// Runs `body` if `local` equals `value`.
    pub fn when_equal(&mut self, local: Local, value: i32, body: impl FnOnce(&mut Self)) {
        self.get(local);
        self.constant(value);
        self.code.extend([0x46, 0x04, NO_RESULT]);
        body(self);
        self.code.push(END);
    }

    /// Repeats `body`, and takes `step` from `local`, for as long as that has at least `step`.
    pub fn repeat(&mut self, local: Local, step: i32, body: impl FnOnce(&mut Self)) {
        self.code.extend([0x02, NO_RESULT, 0x03, NO_RESULT]);
        self.get(local);
        self.constant(step);
        // Less, as unsigned numbers: out of the block.
        self.code.extend([0x49, 0x0d, 0x01]);
        body(self);
        self.advance_by(local, -step);
        self.code.extend([0x0c, 0x00, END, END]);
    }

    /// The four values at the address on the stack.
    pub fn load(&mut self, offset: u32) {
        self.memory(0x00, 2, offset);
    }

    /// Four times the value at the address on the stack.
    pub fn load_splat(&mut self, offset: u32) {
        self.memory(0x09, 2, offset);
    }

    /// Puts the four values on the stack to the address below them.
    pub fn store(&mut self, offset: u32) {
        self.memory(0x0b, 2, offset);
    }

    /// `sum += a * b`, rounded once or twice, as suits the machine.
    pub fn multiply_add(&mut self, sum: Local, [a, b]: [Local; 2]) {
        if self.fused {
            [a, b, sum].into_iter().for_each(|local| self.get(local));
            self.simd(0x105);
        } else {
            [sum, a, b].into_iter().for_each(|local| self.get(local));
            self.simd(0xe6);
            self.simd(0xe4);
        }
        self.set(sum);
    }

    /// `local = 0`.
    pub fn clear(&mut self, vector: Local) {
        self.simd(0x0c);
        self.code.extend([0; 16]);
        self.set(vector);
    }

    fn memory(&mut self, opcode: u32, align: u32, offset: u32) {
        self.simd(opcode);
        unsigned(&mut self.code, align);
        unsigned(&mut self.code, offset);
    }

    fn simd(&mut self, opcode: u32) {
        self.code.push(0xfd);
        unsigned(&mut self.code, opcode);
    }
}

fn name(bytes: &mut Vec<u8>, name: &str) {
    unsigned(bytes, name.len() as u32);
    bytes.extend(name.as_bytes());
}

/// LEB128.
fn unsigned(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// LEB128 with a sign.
fn signed(bytes: &mut Vec<u8>, mut value: i32) {
    while !(-0x40..0x40).contains(&value) {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8 & 0x7f);
}
