//! Money and goods as JSON shows them.

use protocol::Benefit;
use serde::Serialize;

/// Money, or goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BenefitShape {
    /// An amount of money.
    Money {
        /// In minor units of the currency, such as cents.
        minor: u64,
        /// ISO 4217 code.
        currency: String,
    },
    /// Kinds of goods.
    Goods(Vec<GoodsShape>),
}

/// So much of one kind of goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct GoodsShape {
    /// The item's name in the programme's list.
    pub item: String,
    /// Thousandths of the unit.
    pub thousandths: u64,
    /// The unit, such as `kg`.
    pub unit: String,
}

impl From<&Benefit> for BenefitShape {
    fn from(benefit: &Benefit) -> Self {
        match benefit {
            Benefit::Money(money) => {
                BenefitShape::Money { minor: money.minor(), currency: money.currency().to_string() }
            }
            Benefit::Goods(lines) => BenefitShape::Goods(
                lines
                    .iter()
                    .map(|line| GoodsShape {
                        item: line.item.clone(),
                        thousandths: line.quantity.thousandths(),
                        unit: line.unit.clone(),
                    })
                    .collect(),
            ),
        }
    }
}
