using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using UserTcp.Lab.Tests.Support;
using UserTcp.Links;

namespace UserTcp.Lab.Tests.Wires;

/// <summary>
/// A Linux TAP interface as a link device: what we transmit, the kernel of its namespace receives, and the other way
/// round. One frame for each system call, no offloads. It uses the public contract of <see cref="LinkDevice"/> and
/// nothing else of the library, as somebody else's device would. The interface goes away with it.
/// </summary>
internal sealed partial class TapDevice : LinkDevice
{
    private const string CloneDevice = "/dev/net/tun";
    private const int Mtu = 1500;
    private const int ReadWriteNonBlockingCloseOnExec = 0x8_0802;
    private const nuint SetInterface = 0x4004_54ca;     // TUNSETIFF
    private const ushort TapWithoutPacketInfo = 0x1002; // IFF_TAP | IFF_NO_PI
    private const int InterfaceRequestBytes = 40;
    private const int InterfaceNameBytes = 16;
    private const int Interrupted = 4;                  // EINTR
    private const int TryAgain = 11;                    // EAGAIN
    private const int BadState = 77;                    // EBADFD: the interface was deleted
    private readonly SafeFileHandle _tap;
    private readonly TapAlarm _alarm = new();
    private readonly byte[] _frame = new byte[RxBatch.MaxFrameBytes];
    private long _transmitDropped;
    private volatile bool _isBlocked;

    private TapDevice(SafeFileHandle tap, string name)
    {
        _tap = tap;
        Info = new LinkInfo { Name = "tap:" + name, Mtu = Mtu };
    }

    /// <summary>
    /// Names no MAC address: that of the interface is the kernel's, the station at the other end.
    /// </summary>
    public override LinkInfo Info { get; }

    public override LinkStatistics Statistics =>
        new() { TransmitDropped = Interlocked.Read(ref _transmitDropped) };

    /// <summary>Makes the interface in a namespace and sets it up.</summary>
    /// <param name="ns">Where the interface and its kernel are.</param>
    /// <param name="name">The name of the interface there.</param>
    /// <param name="kernelAddress">The address of that kernel, with its prefix.</param>
    public static TapDevice Create(NetworkNamespace ns, string name, string kernelAddress)
    {
        // An interface is made in the namespace of the thread that opened the descriptor.
        var device = new TapDevice(ns.Run(() => OpenTap(name)), name);
        try
        {
            ns.Exec($"ip address add {kernelAddress} dev {name} && ip link set {name} mtu {Mtu} up");
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    public override int Receive(RxBatch batch)
    {
        int before = batch.Count;
        while (!batch.IsFull)
        {
            Span<byte> slot = batch.Reserve();
            nint length = Read(_tap, ref slot[0], (nuint)slot.Length);
            if (length >= 0)
                batch.Commit((int)length);
            else if (Marshal.GetLastPInvokeError() is int error && error == TryAgain)
                break;
            else if (error != Interrupted)
                throw Gone();
        }

        return batch.Count - before;
    }

    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        for (int i = 0; i < frames.Length; i++)
        {
            if (TrySend(_frame.AsSpan(0, frames[i].CopyTo(_frame))))
                continue;

            _isBlocked = true;
            _alarm.Ring(); // a loop that sleeps already does not wait for room
            return i;
        }

        _isBlocked = false;
        return frames.Length;
    }

    public override bool Wait(TimeSpan timeout) => _alarm.Wait(_tap, _isBlocked, timeout);

    public override void Wake() => _alarm.Ring();

    public override void Dispose()
    {
        _tap.Dispose();
        _alarm.Dispose();
    }

    private static SafeFileHandle OpenTap(string name)
    {
        if (!File.Exists(CloneDevice))
        {
            throw new IOException($"There is no {CloneDevice}: load the module ('modprobe tun'), or make the node "
                + "('mkdir -p /dev/net && mknod /dev/net/tun c 10 200').");
        }

        var tap = new SafeFileHandle(OpenFile(CloneDevice, ReadWriteNonBlockingCloseOnExec), ownsHandle: true);
        if (tap.IsInvalid)
            throw new IOException($"Cannot open {CloneDevice}: {Marshal.GetLastPInvokeErrorMessage()}.");

        Span<byte> request = stackalloc byte[InterfaceRequestBytes];
        request.Clear();
        Encoding.ASCII.GetBytes(name, request[..(InterfaceNameBytes - 1)]);
        MemoryMarshal.Write(request[InterfaceNameBytes..], TapWithoutPacketInfo);
        if (IoControl(tap, SetInterface, ref request[0]) == 0)
            return tap;

        string problem = Marshal.GetLastPInvokeErrorMessage();
        tap.Dispose();
        throw new IOException($"Cannot make the interface '{name}' (CAP_NET_ADMIN is needed): {problem}.");
    }

    /// <summary>Sends or loses a frame; false if there is no room and it has to wait.</summary>
    private bool TrySend(Span<byte> frame)
    {
        while (Write(_tap, ref frame[0], (nuint)frame.Length) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == TryAgain)
                return false;
            if (error == Interrupted)
                continue;
            if (error == BadState)
                throw Gone();

            Interlocked.Increment(ref _transmitDropped); // the interface is down, for instance: lost as on a wire
            break;
        }

        return true;
    }

    private LinkDownException Gone() =>
        new($"The interface '{Info.Name}' is gone: {Marshal.GetLastPInvokeErrorMessage()}.");

    // The third parameter of open is for files that it makes; ioctl takes it like any other on Linux.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle descriptor, nuint request, ref byte argument);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle descriptor, ref byte buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle descriptor, ref byte buffer, nuint count);
}
