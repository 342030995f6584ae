using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.NetworkBenchmarks.Wire;

/// <summary>TAP interfaces and waiting, by system calls.</summary>
internal static unsafe partial class WireNative
{
    private const int ReadWriteNonBlockingCloseOnExec = 0x8_0802;
    private const nuint SetInterface = 0x4004_54ca;     // TUNSETIFF
    private const ushort TapWithoutPacketInfo = 0x1002; // IFF_TAP | IFF_NO_PI
    private const int SetTimerSlack = 29;               // PR_SET_TIMERSLACK
    private const int FirstInFirstOut = 1;              // SCHED_FIFO

    /// <summary>Makes a TAP interface in a namespace; it goes away with the descriptor.</summary>
    public static SafeFileHandle OpenTap(string ns, string name) => NetworkNamespace.RunIn(ns, () =>
    {
        var tap = new SafeFileHandle(Open("/dev/net/tun", ReadWriteNonBlockingCloseOnExec), ownsHandle: true);
        if (tap.IsInvalid)
            throw new IOException($"Cannot open /dev/net/tun: {Marshal.GetLastPInvokeErrorMessage()}.");

        byte* request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        Encoding.ASCII.GetBytes(name, new Span<byte>(request, 15));
        *(ushort*)(request + 16) = TapWithoutPacketInfo;
        return IoControl(tap, SetInterface, request) == 0
            ? tap
            : throw new IOException($"Cannot make the interface '{name}': {Marshal.GetLastPInvokeErrorMessage()}.");
    });

    /// <summary>The calling thread runs before all ordinary ones, and its waits end in time.</summary>
    public static void RunBeforeOthers()
    {
        int priority = 10;
        _ = Control(SetTimerSlack, 1, 0, 0, 0);
        if (SetScheduler(0, FirstInFirstOut, &priority) != 0)
            throw new IOException($"sched_setscheduler: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "read")]
    public static partial nint Read(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write")]
    public static partial nint Write(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "ppoll")]
    public static partial int Poll(PollEntry* entries, nuint count, TimeSpec* timeout, nint mask);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle descriptor, nuint request, byte* argument);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "sched_setscheduler", SetLastError = true)]
    private static partial int SetScheduler(int thread, int policy, int* priority);
}
