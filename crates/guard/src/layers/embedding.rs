//! Rows of a table by their numbers.

use std::sync::Arc;

use candle_core::{
    DType, Result, Tensor,
    quantized::{QMatMul, QTensor},
};

use super::Linear;

#[derive(Clone, Debug)]
enum Table {
    /// `[V, H]`.
    Dense(Tensor),
    /// `[V, H]`; only the rows that are asked for are unpacked.
    Quantized(Arc<QTensor>, QMatMul),
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

    /// The rows of `ids` `[N]`: `[N, H]`.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        match &self.table {
            Table::Dense(table) => table.index_select(ids, 0),
            Table::Quantized(_, rows) => rows.embedding(ids)?.to_dtype(self.dtype),
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
        }
    }
}
