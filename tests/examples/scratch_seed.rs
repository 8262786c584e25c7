use rotrace_ir::interpret::graph::interpret;
use rotrace_runtime::{Device, Executable, Options};
use rotrace_tests::engines::run;
use rotrace_tests::random::{Random, program};
fn main() {
    let device = Device::cuda(0).unwrap();
    for seed in [10163_u64] {
        let function = program(seed);
        let mut random = Random::new(!seed);
        let e = Executable::compile(&function, &Options { device: device.clone(), ..Options::default() }).unwrap();
        std::fs::write("/tmp/seed.ptx", e.disassembly()).unwrap();
        let arguments: Vec<_> = function.parameter_types().map(|ty| random.array(ty, &[])).collect();
        let want = interpret(&function, &arguments).unwrap();
        println!(
            "x {:?}",
            arguments[0]
                .data
                .chunks(4)
                .map(|c| format!("{:08x}", u32::from_le_bytes(c.try_into().unwrap())))
                .collect::<Vec<_>>()
        );
        for i in 0..50 {
            let got = run(&e, &arguments).unwrap();
            if i == 0 || got[0].data != want[0].data {
                println!("{i} want {:?}\n got {:?}", want[0].data, got[0].data);
            }
        }
        std::thread::scope(|s| {
            for t in 0..16 {
                let (e, arguments, want) = (&e, &arguments, &want);
                s.spawn(move || {
                    for i in 0..300 {
                        let got = run(e, arguments).unwrap();
                        if got[0].data != want[0].data {
                            println!("thread {t} {i} got {:?}", got[0].data);
                            break;
                        }
                    }
                });
            }
        });
    }
}
