//! The memory's bandwidth: loops that read and write as many bytes as a function does, and next to nothing else.

use rotrace_bench::memory::Buffer;

/// Memory to be read and written.
pub struct Stream {
    first: Buffer<f64>,
    second: Buffer<f64>,
    /// Read without being written to an output.
    rest: Buffer<f64>,
    out: Buffer<f64>,
}

impl Stream {
    /// Reads `read` doubles and writes `written`, of which there are at most half as many.
    pub fn new(read: usize, written: usize) -> Self {
        let ones = |count: usize| Buffer::of((0..count).map(|_| 1.0));
        Self {
            first: ones(written),
            second: ones(written),
            rest: ones(read - 2 * written),
            out: Buffer::zeros(written),
        }
    }

    /// Moves the bytes with ordinary stores, which read the lines that they write.
    pub fn run(&mut self) {
        super::plain::add()(&self.first, &self.second, &mut self.out);
        self.read_rest();
    }

    /// Moves the bytes with stores that bypass the caches; `false` where there are none such.
    pub fn run_streaming(&mut self) -> bool {
        let done = streaming::add(&self.first, &self.second, &mut self.out);
        self.read_rest();
        done
    }

    fn read_rest(&self) {
        let mut sums = [0.0; 32];
        for chunk in self.rest.as_chunks::<32>().0 {
            sums.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += value);
        }
        std::hint::black_box(sums);
    }
}

#[cfg(target_arch = "x86_64")]
mod streaming {
    use std::arch::x86_64::{_mm_sfence, _mm512_add_pd, _mm512_loadu_pd, _mm512_stream_pd};

    /// `out = first + second`, all of one length and `out` aligned to 64 bytes.
    pub fn add(first: &[f64], second: &[f64], out: &mut [f64]) -> bool {
        assert!(out.as_ptr().addr().is_multiple_of(64) && first.len() == out.len() && second.len() == out.len());
        if !is_x86_feature_detected!("avx512f") {
            return false;
        }
        // SAFETY: the processor has the feature.
        unsafe { add_wide(first, second, out) };
        true
    }

    #[target_feature(enable = "avx512f")]
    fn add_wide(first: &[f64], second: &[f64], out: &mut [f64]) {
        let (lines, tail) = out.as_chunks_mut::<8>();
        let whole = lines.len() * 8;
        let inputs = first.as_chunks::<8>().0.iter().zip(second.as_chunks::<8>().0);
        for (line, (x, y)) in lines.iter_mut().zip(inputs) {
            // SAFETY: each points to eight doubles, and `line` is aligned as the store asks: the first is.
            unsafe {
                let sum = _mm512_add_pd(_mm512_loadu_pd(x.as_ptr()), _mm512_loadu_pd(y.as_ptr()));
                _mm512_stream_pd(line.as_mut_ptr(), sum);
            }
        }
        for (out, (x, y)) in tail.iter_mut().zip(first[whole..].iter().zip(&second[whole..])) {
            *out = x + y;
        }
        _mm_sfence();
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod streaming {
    pub fn add(_: &[f64], _: &[f64], _: &mut [f64]) -> bool {
        false
    }
}
