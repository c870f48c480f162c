//! Modes of a terminal: the words of `struct termios` (asm-generic/termbits.h, termios(3)). Fields of several bits, such
//! as the speed, are no flags and have tables of their own.

use super::flag_set;

flag_set! {
    /// Input modes, `c_iflag`.
    InputModes: u32, INPUT_MODES, "";
    IGNBRK = 0o1;
    BRKINT = 0o2;
    IGNPAR = 0o4;
    PARMRK = 0o10;
    INPCK = 0o20;
    ISTRIP = 0o40;
    INLCR = 0o100;
    IGNCR = 0o200;
    ICRNL = 0o400;
    IUCLC = 0o1000;
    IXON = 0o2000;
    IXANY = 0o4000;
    IXOFF = 0o10000;
    IMAXBEL = 0o20000;
    IUTF8 = 0o40000;
}

flag_set! {
    /// Output modes, `c_oflag`, without the delays of old terminals.
    OutputModes: u32, OUTPUT_MODES, "";
    OPOST = 0o1;
    OLCUC = 0o2;
    ONLCR = 0o4;
    OCRNL = 0o10;
    ONOCR = 0o20;
    ONLRET = 0o40;
    OFILL = 0o100;
    OFDEL = 0o200;
}

flag_set! {
    /// Control modes, `c_cflag`, without speed and size of characters.
    ControlModes: u32, CONTROL_MODES, "";
    CSTOPB = 0o100;
    CREAD = 0o200;
    PARENB = 0o400;
    PARODD = 0o1000;
    HUPCL = 0o2000;
    CLOCAL = 0o4000;
    CMSPAR = 0o10_000_000_000;
    CRTSCTS = 0o20_000_000_000;
}

flag_set! {
    /// Local modes, `c_lflag`.
    LocalModes: u32, LOCAL_MODES, "";
    ISIG = 0o1;
    ICANON = 0o2;
    XCASE = 0o4;
    ECHO = 0o10;
    ECHOE = 0o20;
    ECHOK = 0o40;
    ECHONL = 0o100;
    NOFLSH = 0o200;
    TOSTOP = 0o400;
    IEXTEN = 0o100_000;
    ECHOCTL = 0o1000;
    ECHOPRT = 0o2000;
    ECHOKE = 0o4000;
    FLUSHO = 0o10000;
    PENDIN = 0o40000;
    EXTPROC = 0o200_000;
}
