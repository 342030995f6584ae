using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UserTcp.Lab.Tests.Wires;

/// <summary>
/// The wait of a <see cref="TapDevice"/>: <c>ppoll</c> over its descriptor and an <c>eventfd</c>, which remembers a
/// ring that nobody waits for.
/// </summary>
internal sealed partial class TapAlarm : IDisposable
{
    private const short PollIn = 1;
    private const short PollOut = 4;
    private const int CloseOnExecNonBlocking = 0x8_0800;
    private const int Interrupted = 4;
    private readonly SafeFileHandle _bell;

    public TapAlarm()
    {
        _bell = new SafeFileHandle(EventDescriptor(0, CloseOnExecNonBlocking), ownsHandle: true);
        if (_bell.IsInvalid)
            throw new IOException($"Cannot make an eventfd: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    /// <summary>Waits for frames, for room if asked, for the bell; false if the time was over.</summary>
    public bool Wait(SafeFileHandle device, bool alsoForRoom, TimeSpan timeout)
    {
        TimeSpan patience = timeout < TimeSpan.Zero ? TimeSpan.MaxValue : timeout;
        var time = new Time
        {
            Seconds = (nint)(patience.Ticks / TimeSpan.TicksPerSecond),
            Nanoseconds = (nint)(patience.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick),
        };
        Span<Watched> watched =
        [
            new() { Descriptor = Number(device), Events = (short)(PollIn | (alsoForRoom ? PollOut : 0)) },
            new() { Descriptor = Number(_bell), Events = PollIn },
        ];
        int ready = Poll(ref watched[0], (nuint)watched.Length, time, 0);
        if (ready < 0 && Marshal.GetLastPInvokeError() != Interrupted)
            throw new IOException($"Waiting for the device failed: {Marshal.GetLastPInvokeErrorMessage()}.");
        if (ready > 0 && watched[1].Returned != 0)
            Read(_bell, out _, sizeof(ulong));
        return ready != 0; // after a signal too: the caller looks, and waits again
    }

    /// <summary>Ends the current or the next wait. Any thread; harmless after disposal.</summary>
    public void Ring()
    {
        try
        {
            Write(_bell, 1, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // By contract: another thread has just disposed of the device.
        }
    }

    public void Dispose() => _bell.Dispose();

    private static int Number(SafeFileHandle handle) => (int)handle.DangerousGetHandle();

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventDescriptor(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    private static partial int Poll(ref Watched watched, nuint count, in Time timeout, nint signals);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle descriptor, out ulong value, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle descriptor, in ulong value, nuint count);

    /// <summary><c>struct pollfd</c>.</summary>
    private struct Watched
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    /// <summary><c>struct timespec</c>.</summary>
    private struct Time
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
