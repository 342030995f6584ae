using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>
/// The wait of a device of the system: one thread sleeps until the device has something, any thread wakes it. A wake-up
/// costs a system call only while somebody sleeps (Dekker's pattern, as in <see cref="LinkSignal"/>).
/// </summary>
internal abstract class DeviceWaiter : IDisposable
{
    private int _isWoken;
    private int _isSleeping;

    /// <summary>Waits for frames, for room if asked, for <see cref="Wake"/>; false if the time was over.</summary>
    public bool Wait(bool alsoForRoom, TimeSpan timeout)
    {
        if (TakeWake())
            return true;
        if (timeout == TimeSpan.Zero)
            return Sleep(alsoForRoom, timeout);

        Volatile.Write(ref _isSleeping, 1);
        Interlocked.MemoryBarrier();
        try
        {
            return TakeWake() || Sleep(alsoForRoom, timeout) || TakeWake();
        }
        finally
        {
            Volatile.Write(ref _isSleeping, 0);
        }
    }

    /// <summary>Ends the current or the next wait.</summary>
    public void Wake()
    {
        Volatile.Write(ref _isWoken, 1);
        Nudge();
    }

    /// <summary>Ends the current wait, if there is one.</summary>
    public void Nudge()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _isSleeping) != 0)
            Signal();
    }

    public abstract void Dispose();

    // Rounded up: a wait that ends too early would spin until the deadline.
    protected static int ToMilliseconds(TimeSpan timeout) => timeout < TimeSpan.Zero
        ? Timeout.Infinite
        : (int)Math.Min(int.MaxValue, Math.Ceiling(timeout.TotalMilliseconds));

    protected abstract bool Sleep(bool alsoForRoom, TimeSpan timeout);

    protected abstract void Signal();

    private bool TakeWake() => Interlocked.Exchange(ref _isWoken, 0) != 0;
}

/// <summary>
/// Linux: <c>ppoll</c> in nanoseconds over the device and an <c>eventfd</c>. macOS (not tested here): <c>poll</c> in
/// milliseconds over the device and a pipe.
/// </summary>
internal sealed unsafe class UnixWaiter : DeviceWaiter
{
    private const int CloseOnExecNonBlocking = 0x80800; // EFD_CLOEXEC | EFD_NONBLOCK
    private const int PipeReadBytes = 64;
    private readonly int _device;
    private readonly SafeFileHandle _read;
    private readonly SafeFileHandle _write;

    public UnixWaiter(int device)
    {
        _device = device;
        if (OperatingSystem.IsLinux())
        {
            _read = Own(LibcNative.EventDescriptor(0, CloseOnExecNonBlocking));
            _write = _read;
            return;
        }

        int* ends = stackalloc int[2] { -1, -1 };
        ThrowIfFailed(LibcNative.Pipe(ends));
        _read = Own(ends[0]);
        _write = Own(ends[1]);
    }

    public override void Dispose()
    {
        _read.Dispose();
        _write.Dispose();
    }

    protected override bool Sleep(bool alsoForRoom, TimeSpan timeout)
    {
        PollDescriptor* descriptors = stackalloc PollDescriptor[2];
        descriptors[0] = new PollDescriptor
        {
            Descriptor = _device,
            Events = (short)(LibcNative.PollIn | (alsoForRoom ? LibcNative.PollOut : 0)),
        };
        descriptors[1] = new PollDescriptor
        {
            Descriptor = (int)_read.DangerousGetHandle(),
            Events = LibcNative.PollIn,
        };
        int ready = Poll(descriptors, timeout);
        if (descriptors[1].Returned != 0)
            Drain();
        return ready > 0;
    }

    protected override void Signal()
    {
        ulong one = 1; // an eventfd wants eight bytes; a pipe takes them
        try
        {
            LibcNative.Write(_write, &one, sizeof(ulong)); // a full pipe wakes just as well
        }
        catch (ObjectDisposedException)
        {
            // Waking a device that another thread has just disposed of is harmless by contract.
        }
    }

    private static int Poll(PollDescriptor* descriptors, TimeSpan timeout)
    {
        long start = timeout > TimeSpan.Zero ? Stopwatch.GetTimestamp() : 0;
        for (TimeSpan left = timeout; ;)
        {
            int ready = PollOnce(descriptors, left);
            if (ready >= 0)
                return ready;

            int error = Marshal.GetLastPInvokeError();
            if (error != LibcNative.Interrupted)
                throw new IOException($"Waiting for the device failed with error {error}.");
            if (timeout > TimeSpan.Zero)
                left = TimeSpan.FromTicks(Math.Max(0, (timeout - Stopwatch.GetElapsedTime(start)).Ticks));
        }
    }

    private static int PollOnce(PollDescriptor* descriptors, TimeSpan timeout)
    {
        if (!OperatingSystem.IsLinux())
            return LibcNative.Poll(descriptors, 2, ToMilliseconds(timeout));

        var time = new TimeSpec
        {
            Seconds = (nint)(timeout.Ticks / TimeSpan.TicksPerSecond),
            Nanoseconds = (nint)(timeout.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick),
        };
        return LibcNative.PollNanoseconds(descriptors, 2, timeout < TimeSpan.Zero ? null : &time, null);
    }

    private static SafeFileHandle Own(int descriptor)
    {
        ThrowIfFailed(descriptor);
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static void ThrowIfFailed(int result)
    {
        if (result < 0)
            throw new IOException(
                $"Cannot make a wake-up descriptor: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    // What is left in a pipe beyond this wakes the next wait once more.
    private void Drain()
    {
        byte* bytes = stackalloc byte[PipeReadBytes];
        LibcNative.Read(_read, bytes, PipeReadBytes);
    }
}

/// <summary>Windows (not tested here): the event of Npcap and one of our own.</summary>
internal sealed class WindowsWaiter : DeviceWaiter
{
    private readonly AutoResetEvent _wake = new(false);
    private readonly WaitHandle[] _handles;

    /// <param name="deviceEvent">Belongs to the device.</param>
    public WindowsWaiter(nint deviceEvent)
    {
        var device = new ManualResetEvent(false);
        device.SafeWaitHandle.Dispose();
        device.SafeWaitHandle = new SafeWaitHandle(deviceEvent, ownsHandle: false);
        _handles = [device, _wake];
    }

    public override void Dispose()
    {
        _handles[0].Dispose();
        _wake.Dispose();
    }

    // Npcap does not say when there is room again; sending blocks for a moment instead.
    protected override bool Sleep(bool alsoForRoom, TimeSpan timeout) =>
        WaitHandle.WaitAny(_handles, ToMilliseconds(timeout)) != WaitHandle.WaitTimeout;

    protected override void Signal()
    {
        try
        {
            _wake.Set();
        }
        catch (ObjectDisposedException)
        {
            // As in UnixWaiter.
        }
    }
}
