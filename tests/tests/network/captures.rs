//! What tshark says of our captures.

use super::transfer::world;
use oscope_kernel::base::Time;
use oscope_kernel::event::{Event, NetEvent};
use oscope_kernel::world::World;
use oscope_tests::host_tools::{folder, tool};

/// Runs tshark with all checksums checked. `None` if it is not here.
fn tshark(world: &World, name: &str, arguments: &[&str]) -> Option<String> {
    let mut bytes = Vec::new();
    oscope_tui::export::pcapng::write(world, |part| {
        bytes.extend_from_slice(part);
        Ok::<(), ()>(())
    })
    .expect("memory takes everything");
    let folder = folder(name);
    let file = folder.join("run.pcapng");
    std::fs::write(&file, bytes).expect("a file can be written");
    let mut all = vec!["-r", file.to_str().expect("a plain name")];
    for check in ["tcp.check_checksum:TRUE", "ip.check_checksum:TRUE", "udp.check_checksum:TRUE"] {
        all.extend(["-o", check]);
    }
    all.extend(arguments);
    let output = tool("tshark", &all)?;
    let _ = std::fs::remove_dir_all(&folder);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn run(loss: &str) -> World {
    let mut world = world(&[("networks.lan.loss", loss)]);
    world.run(Time(60_000_000_000));
    world
}

#[test]
fn no_frame_is_malformed_and_no_checksum_wrong() {
    for loss in ["0%", "5%"] {
        let world = run(loss);
        let Some(bad) = tshark(
            &world,
            &format!("malformed{}", loss.len()),
            &["-Y", "_ws.malformed || _ws.expert.severity == error || tcp.checksum.status == 0"],
        ) else {
            return;
        };
        assert_eq!(bad, "", "with {loss} of the frames lost");
    }
}

#[test]
fn tshark_sees_the_retransmissions_that_the_log_tells_of() {
    let world = run("5%");
    let filter = "tcp.analysis.retransmission || tcp.analysis.fast_retransmission \
                  || tcp.analysis.spurious_retransmission || tcp.analysis.out_of_order";
    let Some(seen) = tshark(&world, "again", &["-Y", filter]) else { return };
    let is_again = |event: &Event| matches!(event, Event::Net(NetEvent::Retransmit { .. }));
    let told = world.events().iter().filter(|(_, record)| is_again(&record.event)).count();
    assert!(told > 5, "frames were lost: {told}");
    assert_eq!(seen.lines().count(), told, "{seen}");
}
