//! Error numbers: what a failed system call answers.
//!
//! The numbers are those of Linux on riscv64 (`asm-generic/errno-base.h`, `asm-generic/errno.h`),
//! the messages those of glibc's strerror(3), because that is what strace prints after the name.
//!
//! A typical sequence:
//! 1. a handler in layer 7 fails with [`Errno::ENOENT`];
//! 2. [`Errno::to_result`] makes the word that the program finds in register a0: −2;
//! 3. the C library (or [`Errno::from_result`]) takes it apart again;
//! 4. the printer shows `-1 ENOENT (No such file or directory)` from [`Errno::name`] and
//!    [`Errno::message`].
//!
//! A call that a signal interrupts may end in a [`Restart`] instead. Those codes never reach the
//! program; a tracer sees them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Makes the enum and the three columns that belong to it from one table.
macro_rules! errors {
    ($($name:ident = $number:literal, $message:literal;)*) => {
        /// An error number of Linux, 1 to 133 with two holes (41 and 58).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[repr(u16)]
        pub enum Errno {
            $(#[doc = concat!($message, " (", $number, ").")] $name = $number,)*
        }

        impl Errno {
            /// Every error, by rising number.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in the headers: `ENOENT`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What strerror(3) says: `No such file or directory`.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }

            /// The error with this number; `None` for 0, 41, 58 and anything above 133.
            #[must_use]
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
        }
    };
}

errors! {
    EPERM = 1, "Operation not permitted";
    ENOENT = 2, "No such file or directory";
    ESRCH = 3, "No such process";
    EINTR = 4, "Interrupted system call";
    EIO = 5, "Input/output error";
    ENXIO = 6, "No such device or address";
    E2BIG = 7, "Argument list too long";
    ENOEXEC = 8, "Exec format error";
    EBADF = 9, "Bad file descriptor";
    ECHILD = 10, "No child processes";
    EAGAIN = 11, "Resource temporarily unavailable";
    ENOMEM = 12, "Cannot allocate memory";
    EACCES = 13, "Permission denied";
    EFAULT = 14, "Bad address";
    ENOTBLK = 15, "Block device required";
    EBUSY = 16, "Device or resource busy";
    EEXIST = 17, "File exists";
    EXDEV = 18, "Invalid cross-device link";
    ENODEV = 19, "No such device";
    ENOTDIR = 20, "Not a directory";
    EISDIR = 21, "Is a directory";
    EINVAL = 22, "Invalid argument";
    ENFILE = 23, "Too many open files in system";
    EMFILE = 24, "Too many open files";
    ENOTTY = 25, "Inappropriate ioctl for device";
    ETXTBSY = 26, "Text file busy";
    EFBIG = 27, "File too large";
    ENOSPC = 28, "No space left on device";
    ESPIPE = 29, "Illegal seek";
    EROFS = 30, "Read-only file system";
    EMLINK = 31, "Too many links";
    EPIPE = 32, "Broken pipe";
    EDOM = 33, "Numerical argument out of domain";
    ERANGE = 34, "Numerical result out of range";
    EDEADLK = 35, "Resource deadlock avoided";
    ENAMETOOLONG = 36, "File name too long";
    ENOLCK = 37, "No locks available";
    ENOSYS = 38, "Function not implemented";
    ENOTEMPTY = 39, "Directory not empty";
    ELOOP = 40, "Too many levels of symbolic links";
    ENOMSG = 42, "No message of desired type";
    EIDRM = 43, "Identifier removed";
    ECHRNG = 44, "Channel number out of range";
    EL2NSYNC = 45, "Level 2 not synchronized";
    EL3HLT = 46, "Level 3 halted";
    EL3RST = 47, "Level 3 reset";
    ELNRNG = 48, "Link number out of range";
    EUNATCH = 49, "Protocol driver not attached";
    ENOCSI = 50, "No CSI structure available";
    EL2HLT = 51, "Level 2 halted";
    EBADE = 52, "Invalid exchange";
    EBADR = 53, "Invalid request descriptor";
    EXFULL = 54, "Exchange full";
    ENOANO = 55, "No anode";
    EBADRQC = 56, "Invalid request code";
    EBADSLT = 57, "Invalid slot";
    EBFONT = 59, "Bad font file format";
    ENOSTR = 60, "Device not a stream";
    ENODATA = 61, "No data available";
    ETIME = 62, "Timer expired";
    ENOSR = 63, "Out of streams resources";
    ENONET = 64, "Machine is not on the network";
    ENOPKG = 65, "Package not installed";
    EREMOTE = 66, "Object is remote";
    ENOLINK = 67, "Link has been severed";
    EADV = 68, "Advertise error";
    ESRMNT = 69, "Srmount error";
    ECOMM = 70, "Communication error on send";
    EPROTO = 71, "Protocol error";
    EMULTIHOP = 72, "Multihop attempted";
    EDOTDOT = 73, "RFS specific error";
    EBADMSG = 74, "Bad message";
    EOVERFLOW = 75, "Value too large for defined data type";
    ENOTUNIQ = 76, "Name not unique on network";
    EBADFD = 77, "File descriptor in bad state";
    EREMCHG = 78, "Remote address changed";
    ELIBACC = 79, "Can not access a needed shared library";
    ELIBBAD = 80, "Accessing a corrupted shared library";
    ELIBSCN = 81, ".lib section in a.out corrupted";
    ELIBMAX = 82, "Attempting to link in too many shared libraries";
    ELIBEXEC = 83, "Cannot exec a shared library directly";
    EILSEQ = 84, "Invalid or incomplete multibyte or wide character";
    ERESTART = 85, "Interrupted system call should be restarted";
    ESTRPIPE = 86, "Streams pipe error";
    EUSERS = 87, "Too many users";
    ENOTSOCK = 88, "Socket operation on non-socket";
    EDESTADDRREQ = 89, "Destination address required";
    EMSGSIZE = 90, "Message too long";
    EPROTOTYPE = 91, "Protocol wrong type for socket";
    ENOPROTOOPT = 92, "Protocol not available";
    EPROTONOSUPPORT = 93, "Protocol not supported";
    ESOCKTNOSUPPORT = 94, "Socket type not supported";
    EOPNOTSUPP = 95, "Operation not supported";
    EPFNOSUPPORT = 96, "Protocol family not supported";
    EAFNOSUPPORT = 97, "Address family not supported by protocol";
    EADDRINUSE = 98, "Address already in use";
    EADDRNOTAVAIL = 99, "Cannot assign requested address";
    ENETDOWN = 100, "Network is down";
    ENETUNREACH = 101, "Network is unreachable";
    ENETRESET = 102, "Network dropped connection on reset";
    ECONNABORTED = 103, "Software caused connection abort";
    ECONNRESET = 104, "Connection reset by peer";
    ENOBUFS = 105, "No buffer space available";
    EISCONN = 106, "Transport endpoint is already connected";
    ENOTCONN = 107, "Transport endpoint is not connected";
    ESHUTDOWN = 108, "Cannot send after transport endpoint shutdown";
    ETOOMANYREFS = 109, "Too many references: cannot splice";
    ETIMEDOUT = 110, "Connection timed out";
    ECONNREFUSED = 111, "Connection refused";
    EHOSTDOWN = 112, "Host is down";
    EHOSTUNREACH = 113, "No route to host";
    EALREADY = 114, "Operation already in progress";
    EINPROGRESS = 115, "Operation now in progress";
    ESTALE = 116, "Stale file handle";
    EUCLEAN = 117, "Structure needs cleaning";
    ENOTNAM = 118, "Not a XENIX named type file";
    ENAVAIL = 119, "No XENIX semaphores available";
    EISNAM = 120, "Is a named type file";
    EREMOTEIO = 121, "Remote I/O error";
    EDQUOT = 122, "Disk quota exceeded";
    ENOMEDIUM = 123, "No medium found";
    EMEDIUMTYPE = 124, "Wrong medium type";
    ECANCELED = 125, "Operation canceled";
    ENOKEY = 126, "Required key not available";
    EKEYEXPIRED = 127, "Key has expired";
    EKEYREVOKED = 128, "Key has been revoked";
    EKEYREJECTED = 129, "Key was rejected by service";
    EOWNERDEAD = 130, "Owner died";
    ENOTRECOVERABLE = 131, "State not recoverable";
    ERFKILL = 132, "Operation not possible due to RF-kill";
    EHWPOISON = 133, "Memory page has hardware error";
}

impl Errno {
    /// The operation would block: on Linux another name of [`Errno::EAGAIN`].
    pub const EWOULDBLOCK: Self = Self::EAGAIN;
    /// A resource deadlock: on Linux another name of [`Errno::EDEADLK`].
    pub const EDEADLOCK: Self = Self::EDEADLK;
    /// Not supported: on Linux another name of [`Errno::EOPNOTSUPP`].
    pub const ENOTSUP: Self = Self::EOPNOTSUPP;

    /// The largest number that a result word can carry as an error (`MAX_ERRNO` in linux/err.h).
    pub const MAX_NUMBER: u16 = 4095;

    /// The number, 1 to 133.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The word that a failed call leaves in register a0: the negated number.
    #[must_use]
    pub const fn to_result(self) -> i64 {
        -(self as i64)
    }

    /// The error in a result word; `None` if the word is a success or an unknown number.
    #[must_use]
    pub fn from_result(word: i64) -> Option<Self> {
        let number = word.checked_neg()?;
        Self::from_number(u16::try_from(number).ok()?)
    }

    /// The error with this name: `ENOENT`, also `EWOULDBLOCK`, `EDEADLOCK` and `ENOTSUP`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "EWOULDBLOCK" => Some(Self::EWOULDBLOCK),
            "EDEADLOCK" => Some(Self::EDEADLOCK),
            "ENOTSUP" => Some(Self::ENOTSUP),
            _ => Self::ALL.iter().copied().find(|error| error.name() == name),
        }
    }
}

/// As strace writes it after `-1 `: `ENOENT (No such file or directory)`.
impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.message())
    }
}

impl std::error::Error for Errno {}

/// How an interrupted call goes on after the signal (linux/errno.h: "should never be seen by user
/// programs"). strace shows it as `= ? ERESTARTSYS (To be restarted if SA_RESTART is set)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u16)]
pub enum Restart {
    /// Restart if there was no handler or it was set with SA_RESTART, else EINTR (512).
    ERESTARTSYS = 512,
    /// Always restart (513).
    ERESTARTNOINTR = 513,
    /// Restart if there was no handler, else EINTR (514).
    ERESTARTNOHAND = 514,
    /// Restart through restart_syscall(2), which knows how much of a sleep is left (516).
    #[allow(non_camel_case_types)] // the name that strace prints
    ERESTART_RESTARTBLOCK = 516,
}

impl Restart {
    /// Every code, by rising number.
    pub const ALL: [Self; 4] = [
        Self::ERESTARTSYS,
        Self::ERESTARTNOINTR,
        Self::ERESTARTNOHAND,
        Self::ERESTART_RESTARTBLOCK,
    ];

    /// The number, 512 to 516.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code with this number.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// The name that strace prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ERESTARTSYS => "ERESTARTSYS",
            Self::ERESTARTNOINTR => "ERESTARTNOINTR",
            Self::ERESTARTNOHAND => "ERESTARTNOHAND",
            Self::ERESTART_RESTARTBLOCK => "ERESTART_RESTARTBLOCK",
        }
    }

    /// The explanation that strace prints in brackets.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::ERESTARTSYS => "To be restarted if SA_RESTART is set",
            Self::ERESTARTNOINTR => "To be restarted",
            Self::ERESTARTNOHAND => "To be restarted if no handler",
            Self::ERESTART_RESTARTBLOCK => "Interrupted by signal",
        }
    }
}

/// As strace writes it after `? `: `ERESTARTSYS (To be restarted if SA_RESTART is set)`.
impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.message())
    }
}

#[cfg(test)]
mod tests {
    use super::{Errno, Restart};

    #[test]
    fn numbers_and_names_lead_back_to_the_same_error() {
        for &error in Errno::ALL {
            assert_eq!(Errno::from_number(error.number()), Some(error));
            assert_eq!(Errno::from_name(error.name()), Some(error));
            assert_eq!(Errno::from_result(error.to_result()), Some(error));
        }
        assert_eq!(Errno::ALL.len(), 131);
        for code in Restart::ALL {
            assert_eq!(Restart::from_number(code.number()), Some(code));
        }
    }

    #[test]
    fn holes_and_strangers_are_no_errors() {
        for number in [0, 41, 58, 134, 512, u16::MAX] {
            assert_eq!(Errno::from_number(number), None);
        }
        for word in [0, 1, -134, -4096, i64::MIN, i64::MAX] {
            assert_eq!(Errno::from_result(word), None);
        }
    }

    #[test]
    fn aliases_share_a_number() {
        assert_eq!(Errno::EWOULDBLOCK.number(), 11);
        assert_eq!(Errno::EDEADLOCK.number(), 35);
        assert_eq!(Errno::ENOTSUP.number(), 95);
    }

    #[test]
    fn errors_print_as_strace_prints_them() {
        assert_eq!(Errno::ENOENT.to_string(), "ENOENT (No such file or directory)");
        assert_eq!(
            Restart::ERESTARTSYS.to_string(),
            "ERESTARTSYS (To be restarted if SA_RESTART is set)"
        );
    }
}
