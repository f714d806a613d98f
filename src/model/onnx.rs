//! One ONNX model, loaded: rows of numbers in, one number a row out.
//!
//! A row runs alone, on one thread, with deterministic kernels, so nothing that travels beside it changes what it
//! gives. Where several go in together, to say why something was said, the model has shown at loading that each
//! comes out with the same bits as alone; one that has not runs them one by one.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use ort::session::Session;
use ort::session::builder::SessionBuilder;
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use crate::model::runtime::runtime;

/// A model, loaded.
pub struct Onnx {
    /// It runs one call at a time; a shard's writer waits for nobody, because only what-if and explanations of other
    /// threads share it.
    session: Mutex<Session>,
    n_inputs: usize,
    is_same_together: bool,
}

impl fmt::Debug for Onnx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Onnx({} inputs)", self.n_inputs)
    }
}

impl Onnx {
    /// Loads a model that takes rows of `n_inputs` numbers.
    ///
    /// # Errors
    /// What is wrong with the file, or that there is nothing to run it.
    pub fn load(bytes: &[u8], n_inputs: usize) -> Result<Onnx, String> {
        let environment = runtime()?;
        let session = session(&environment, bytes).map_err(|error| error.to_string())?;
        check(&session, n_inputs)?;
        let mut model = Onnx { session: Mutex::new(session), n_inputs, is_same_together: false };
        model.is_same_together = model.try_together()?;
        Ok(model)
    }

    /// What it gives for one row; missing inputs are NaN.
    ///
    /// # Errors
    /// If it fails, or what it gives is no number.
    pub fn run(&self, row: &[f32]) -> Result<f32, String> {
        let results = self.call(row)?;
        let [result] = results.as_slice() else {
            return Err("it gave no single number".to_owned());
        };
        Ok(*result)
    }

    /// What it gives for each of several rows, one after the other in `rows`.
    ///
    /// # Errors
    /// If it fails, or what it gives is no number.
    pub fn run_all(&self, rows: &[f32]) -> Result<Vec<f32>, String> {
        if self.is_same_together {
            return self.call(rows);
        }
        rows.chunks(self.n_inputs.max(1)).map(|row| self.run(row)).collect()
    }

    fn call(&self, rows: &[f32]) -> Result<Vec<f32>, String> {
        let n_rows = rows.len().checked_div(self.n_inputs).unwrap_or(0);
        if n_rows == 0 || n_rows * self.n_inputs != rows.len() {
            return Err(format!("a row has {} numbers, expected {}", rows.len(), self.n_inputs));
        }
        let failed = |error: ort::Error| error.to_string();
        let input = TensorRef::from_array_view(([n_rows, self.n_inputs], rows)).map_err(failed)?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = session.run(ort::inputs![input]).map_err(failed)?;
        let (_, output) = outputs.iter().next().ok_or("it gave nothing")?;
        let (_, values) = output.try_extract_tensor::<f32>().map_err(failed)?;
        if values.len() != n_rows {
            return Err(format!("it gave {} numbers for {n_rows} rows", values.len()));
        }
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values.to_vec()),
            false => Err("it gave what is no number".to_owned()),
        }
    }

    /// Whether rows come out of it together, in either order, with the same bits as alone.
    fn try_together(&self) -> Result<bool, String> {
        // Rows that differ in what is missing and in size, so that they part at many places of a tree.
        let number = |row: usize, input: usize| match (row + input) % 5 {
            0 => f32::NAN,
            step => SIZES
                .get((row * 7 + input * 3) % SIZES.len())
                .map_or(0.0, |size| size * small(step)),
        };
        let row = |row: usize| -> Vec<f32> {
            (0..self.n_inputs).map(|input| number(row, input)).collect()
        };
        let rows: Vec<Vec<f32>> = (0..TRIED_ROWS).map(row).collect();
        let alone = rows.iter().map(|row| self.run(row)).collect::<Result<Vec<f32>, String>>()?;
        let together = self.call(&rows.concat())?;
        let turned: Vec<f32> = rows.iter().rev().flatten().copied().collect();
        let mut turned = self.call(&turned)?;
        turned.reverse();
        let bits =
            |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
        Ok(bits(&alone) == bits(&together) && bits(&alone) == bits(&turned))
    }
}

/// Rows that a model is tried with when it is loaded: more than its library takes in one go on one thread.
const TRIED_ROWS: usize = 67;

/// Sizes of numbers that it is tried with.
const SIZES: [f32; 8] = [-3.0, 0.0, 0.5, 1.0, 7.4, 37.0, 95.0, 140.0];

fn small(number: usize) -> f32 {
    u8::try_from(number).map_or(1.0, f32::from)
}

fn session(environment: &ort::environment::Environment, bytes: &[u8]) -> ort::Result<Session> {
    fn plain(builder: SessionBuilder) -> ort::Result<SessionBuilder> {
        Ok(builder
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_deterministic_compute(true)?)
    }
    plain(Session::builder(environment)?)?.commit_from_memory(bytes)
}

/// One input of rows of `n_inputs` numbers, and an output of numbers.
fn check(session: &Session, n_inputs: usize) -> Result<(), String> {
    let [input] = session.inputs() else {
        return Err(format!("it has {} inputs, expected one", session.inputs().len()));
    };
    let expected = format!("rows of {n_inputs} numbers");
    let shape = floats(input, "its input", &expected)?;
    let [rows, columns] = *shape.as_slice() else {
        return Err(format!("its input has {} dimensions, expected {expected}", shape.len()));
    };
    // -1 stands for any number.
    if i64::try_from(n_inputs) != Ok(columns) || rows != -1 && rows != 1 {
        return Err(format!("its input is {rows} x {columns}, expected {expected}"));
    }
    let output = session.outputs().first().ok_or("it has no output")?;
    floats(output, "its output", "one number a row")?;
    Ok(())
}

fn floats(outlet: &Outlet, which: &str, expected: &str) -> Result<Vec<i64>, String> {
    match outlet.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => Ok(shape.to_vec()),
        other => {
            Err(format!("{which} `{}` is {other}, expected {expected} as float32", outlet.name()))
        }
    }
}
