//! Derivatives far from the identity: the series near zero, which overflow there, must leave no trace.

use rotrace::{Array, Error, Tensor, spatial::Rotation, trace};

#[test]
fn gradients_at_large_angles_are_finite() -> Result<(), Error> {
    let rotated = trace(|(x, p): (Tensor, Tensor)| Rotation::from_rotvec(x).apply(p));
    let pulled = rotated.vjp();
    let double = pulled.compile("f64[n, 3], f64[n, 3], f64[n, 3]")?;
    let single = pulled.compile("f32[n, 3], f32[n, 3], f32[n, 3]")?;
    for magnitude in [0.0, 1e-30, 1e-3, 1.0, 3.0, 1e4, 1e10, 1e20, 1e100] {
        let x = [[magnitude, 0.5 * magnitude, -0.25 * magnitude]];
        let ones = [[1.0, 2.0, 3.0]];
        let arguments = ((Array::from(x), Array::from(ones)), Array::from(ones));
        let (value, (slope, point)) = double.call(&arguments)?;
        for array in [&value, &slope, &point] {
            let elements = array.to_vec::<f64>()?;
            assert!(elements.iter().all(|element| element.is_finite()), "{magnitude}: {elements:?}");
        }
        if magnitude > 1e10 {
            continue;
        }
        let narrow = |rows: [[f64; 3]; 1]| Array::from([rows[0].map(|element| element as f32)]);
        let (value, (slope, point)) = single.call(&((narrow(x), narrow(ones)), narrow(ones)))?;
        for array in [&value, &slope, &point] {
            let elements = array.to_vec::<f32>()?;
            assert!(elements.iter().all(|element| element.is_finite()), "f32, {magnitude}: {elements:?}");
        }
    }
    Ok(())
}
