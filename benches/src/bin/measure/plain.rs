//! The same functions by hand: loops over arrays of structures, as a Rust user writes them and LLVM compiles them for
//! the widest vectors of this processor.

use std::iter::zip;

/// `out = f(first, second)`.
pub type Loop = fn(&[f64], &[f64], &mut [f64]);

/// Chooses the loop for this processor once, so that a call is one indirect call.
macro_rules! for_this_processor {
    ($name:ident, $body:ident, $what:literal) => {
        #[doc = $what]
        pub fn $name() -> Loop {
            #[inline(never)]
            fn portable(first: &[f64], second: &[f64], out: &mut [f64]) {
                $body(first, second, out);
            }
            #[cfg(target_arch = "x86_64")]
            {
                #[inline(never)]
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,fma")]
                fn wide(first: &[f64], second: &[f64], out: &mut [f64]) {
                    $body(first, second, out);
                }
                let all = is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("fma");
                if all {
                    return |first, second, out| {
                        // SAFETY: the processor has the features, as just seen.
                        unsafe { wide(first, second, out) }
                    };
                }
            }
            portable
        }
    };
}

for_this_processor!(add, add_all, "Sums.");
for_this_processor!(multiply, multiply_all, "Products of quaternions, normalised.");
for_this_processor!(apply, apply_all, "Vectors rotated by unit quaternions.");

#[inline(always)]
fn add_all(first: &[f64], second: &[f64], out: &mut [f64]) {
    for (out, (x, y)) in zip(out, zip(first, second)) {
        *out = x + y;
    }
}

#[inline(always)]
fn multiply_all(first: &[f64], second: &[f64], out: &mut [f64]) {
    let (first, second, out) = (first.as_chunks::<4>().0, second.as_chunks::<4>().0, out.as_chunks_mut::<4>().0);
    for (out, (&[px, py, pz, pw], &[qx, qy, qz, qw])) in zip(out, zip(first, second)) {
        let x = pw * qx + qw * px + (py * qz - pz * qy);
        let y = pw * qy + qw * py + (pz * qx - px * qz);
        let z = pw * qz + qw * pz + (px * qy - py * qx);
        let w = pw * qw - (px * qx + py * qy + pz * qz);
        let scale = 1.0 / (x * x + y * y + z * z + w * w).sqrt();
        *out = [x * scale, y * scale, z * scale, w * scale];
    }
}

#[inline(always)]
fn apply_all(quats: &[f64], points: &[f64], out: &mut [f64]) {
    let (quats, points, out) = (quats.as_chunks::<4>().0, points.as_chunks::<3>().0, out.as_chunks_mut::<3>().0);
    for (out, (&[x, y, z, w], &[px, py, pz])) in zip(out, zip(quats, points)) {
        let [tx, ty, tz] = [2.0 * (y * pz - z * py), 2.0 * (z * px - x * pz), 2.0 * (x * py - y * px)];
        *out = [px + w * tx + (y * tz - z * ty), py + w * ty + (z * tx - x * tz), pz + w * tz + (x * ty - y * tx)];
    }
}
