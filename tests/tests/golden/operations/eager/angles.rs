//! `Rotation` on arrays: Euler angles, Davenport angles and modified Rodrigues parameters.

use super::super::order;
use super::{Call, OnArrays, one, quat};
use rotrace::Error;
use rotrace::eager::Rotation;
use rotrace::spatial::Order;

pub(super) const OPERATIONS: &[OnArrays] = &[
    ("Rotation.from_euler", |x| {
        let (sequence, angles) = (x.text("seq"), x.array("angles"));
        let made = if x.flag("degrees") { Rotation::from_euler_degrees } else { Rotation::from_euler };
        quat(made(sequence, angles))
    }),
    ("Rotation.as_euler", |x| {
        let (rotation, sequence) = (x.rotation("self")?, x.text("seq"));
        one(if x.flag("degrees") { rotation.as_euler_degrees(sequence) } else { rotation.as_euler(sequence) })
    }),
    ("Rotation.from_davenport", |x| {
        let (axes, order, angles) = (x.array("axes"), x.order()?, x.array("angles"));
        let made = if x.flag("degrees") { Rotation::from_davenport_degrees } else { Rotation::from_davenport };
        quat(made(axes, order, angles))
    }),
    ("Rotation.as_davenport", |x| {
        let (rotation, axes, order) = (x.rotation("self")?, x.array("axes"), x.order()?);
        one(if x.flag("degrees") {
            rotation.as_davenport_degrees(axes, order)
        } else {
            rotation.as_davenport(axes, order)
        })
    }),
    ("Rotation.from_mrp", |x| quat(Rotation::from_mrp(x.array("mrp")))),
    ("Rotation.as_mrp", |x| one(x.rotation("self")?.as_mrp())),
];

impl Call {
    /// The argument `order`, which is a type in Rotrace.
    fn order(&self) -> Result<Order, Error> {
        order(self.text("order")).ok_or_else(|| Error::Array("no such order".into()))
    }
}
