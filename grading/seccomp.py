"""A filter of system calls for the sandbox, as a program for the kernel's seccomp.

Student code needs no namespace of its own, no mount, no tracing of processes, no kernel module,
and no socket but local ones. What it can't call, it can't use to find a flaw in the kernel. As
root this is also what rules out nested user namespaces, since `bwrap --disable-userns` needs a
user namespace to begin with.
"""

import platform
import struct

ALLOW, DENY, MISSING, NO_FAMILY, KILL = 0x7FFF0000, 0x50001, 0x50026, 0x50061, 0x80000000
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06  # of classic BPF
NUMBER, ARCHITECTURE, ARGUMENT = 0, 4, 16  # where struct seccomp_data keeps them
NAMESPACES = 0x7E020000  # all CLONE_NEW... flags that clone() knows
FAMILIES = (1, 2, 10, 16)  # unix, IPv4, IPv6, netlink: those that a network namespace bounds
X32 = 0x40000000  # a second set of numbers for the same calls

# name: (number on x86_64, number on aarch64)
DENIED = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
}
CLONE, CLONE3, SOCKET = (56, 220), (435, 435), (41, 198)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def program(machine=None):
    """The filter as bytes for `bwrap --seccomp`, or None for a processor that is not known here.

    Arguments:
        machine: as `uname -m` names it; by default this one
    """
    column, architecture = MACHINES.get(machine or platform.machine(), (None, None))
    if column is None:
        return None
    # (operation, operand, where to go on if true, if false); None is the next line.
    lines = [
        (LOAD, ARCHITECTURE, None, None),
        (EQUAL, architecture, None, "kill"),
        (LOAD, NUMBER, None, None),
        *([(ANY_BIT, X32, "missing", None)] if column == 0 else []),
        (EQUAL, CLONE[column], "clone", None),
        # Its flags lie in memory, where no filter can look; libraries fall back on clone.
        (EQUAL, CLONE3[column], "missing", None),
        (EQUAL, SOCKET[column], "socket", None),
        *((EQUAL, numbers[column], "deny", None) for numbers in DENIED.values()),
        (RETURN, ALLOW, None, None),
        "clone",
        (LOAD, ARGUMENT, None, None),
        (ANY_BIT, NAMESPACES, "deny", "allow"),
        "socket",
        (LOAD, ARGUMENT, None, None),
        *((EQUAL, family, "allow", None) for family in FAMILIES),
        (RETURN, NO_FAMILY, None, None),
        "allow",
        (RETURN, ALLOW, None, None),
        "deny",
        (RETURN, DENY, None, None),
        "missing",
        (RETURN, MISSING, None, None),
        "kill",
        (RETURN, KILL, None, None),
    ]
    return assemble(lines)


def assemble(lines):
    """Bytes of a program whose jumps name a label; a label stands on a line of its own."""
    where, code = {}, []
    for line in lines:
        if isinstance(line, str):
            where[line] = len(code)
        else:
            code.append(line)
    return b"".join(
        struct.pack(
            "=HBBI",
            operation,
            where[yes] - index - 1 if yes else 0,
            where[no] - index - 1 if no else 0,
            operand,
        )
        for index, (operation, operand, yes, no) in enumerate(code)
    )
