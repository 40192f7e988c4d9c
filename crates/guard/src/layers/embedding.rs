//! Rows of a table by their numbers.

use std::sync::Arc;

use candle_core::{
    DType, Device, Result, Tensor,
    quantized::{QMatMul, QTensor},
};
use saring_kernels::Matrix;

use super::Linear;

#[derive(Clone, Debug)]
enum Table {
    /// `[V, H]`.
    Dense(Tensor),
    /// `[V, H]`; only the rows that are asked for are unpacked.
    Quantized(Arc<QTensor>, QMatMul),
    /// `[V, H]`, for the processor's kernels.
    Packed(Arc<Matrix>),
}

/// Looks up rows of `[V, H]`.
#[derive(Clone, Debug)]
pub(crate) struct Embedding {
    table: Table,
    dtype: DType,
}

impl Embedding {
    /// From a table `[V, H]`.
    pub fn dense(table: Tensor) -> Self {
        Self { dtype: table.dtype(), table: Table::Dense(table) }
    }

    /// From a quantised table `[V, H]`; its rows come as `dtype`.
    ///
    /// # Errors
    /// Those of the device.
    pub fn quantized(table: Arc<QTensor>, dtype: DType) -> Result<Self> {
        let rows = QMatMul::from_arc(Arc::clone(&table))?;
        Ok(Self { table: Table::Quantized(table, rows), dtype })
    }

    /// From a table `[V, H]` that is packed for the processor; its rows come in single precision.
    pub fn packed(table: Matrix) -> Self {
        Self { table: Table::Packed(Arc::new(table)), dtype: DType::F32 }
    }

    /// The rows of `ids` `[T]`: `[T, H]`. Ids that no row has are refused.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        match &self.table {
            Table::Dense(table) => table.index_select(ids, 0),
            Table::Quantized(_, rows) => rows.embedding(ids)?.to_dtype(self.dtype),
            Table::Packed(table) => rows_of(table, &ids.to_vec1()?),
        }
    }

    /// The same table as a product, for a head that is tied to it.
    ///
    /// # Errors
    /// A table that is no matrix.
    pub fn tied_head(&self) -> Result<Linear> {
        match &self.table {
            Table::Dense(table) => Linear::dense(table.clone(), None),
            Table::Quantized(table, _) => Linear::quantized(Arc::clone(table), None),
            Table::Packed(table) => Ok(Linear::packed(Arc::clone(table), None)),
        }
    }
}

/// Some rows of a packed matrix: `[ids, in]`.
///
/// # Errors
/// An id that no row has.
pub(super) fn rows_of(table: &Matrix, ids: &[u32]) -> Result<Tensor> {
    let (rows, inputs) = (table.outputs(), table.inputs());
    if let Some(id) = ids.iter().find(|id| **id as usize >= rows) {
        candle_core::bail!("there is no row {id} in a table of {rows}");
    }
    let mut found = vec![0f32; ids.len() * inputs];
    for (id, row) in ids.iter().zip(found.chunks_exact_mut(inputs)) {
        table.row(*id as usize, row);
    }
    Tensor::from_vec(found, (ids.len(), inputs), &Device::Cpu)
}
