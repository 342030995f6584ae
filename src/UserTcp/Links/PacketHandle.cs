using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>
/// A Linux packet socket on one interface, whose frames come and go with a virtio header. It stays in the network
/// namespace of the thread that opened it.
/// </summary>
internal sealed unsafe class PacketHandle : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly int _interface;

    private PacketHandle(SafeFileHandle handle, int interfaceIndex)
    {
        _handle = handle;
        _interface = interfaceIndex;
        Descriptor = (int)handle.DangerousGetHandle();
    }

    public int Descriptor { get; }

    /// <summary>How many bytes of frames the system keeps, as it counts them (with its own overhead).</summary>
    public int ReceiveBufferBytes => GetNumber(LibcNative.SocketLevel, LibcNative.ReceiveBuffer);

    /// <summary>
    /// False once the interface is gone: deleted, or moved to another namespace. One that is down is still there.
    /// </summary>
    public bool IsBound
    {
        get
        {
            PacketAddress address = default;
            uint length = (uint)sizeof(PacketAddress);
            return LibcNative.GetSocketName(Descriptor, &address, &length) == 0
                && address.InterfaceIndex == _interface;
        }
    }

    /// <summary>The interface's MTU, or 0 if it is gone.</summary>
    public int Mtu => LinuxInterface.Mtu(Descriptor, _interface);

    /// <summary>Whether the system lets the calling thread open packet sockets.</summary>
    /// <param name="error">Why not, in the system's words.</param>
    /// <param name="isPermission">Whether it is for want of a permission.</param>
    public static bool IsAllowed(out string error, out bool isPermission)
    {
        using SafeFileHandle? handle = Create();
        int number = handle is null ? Marshal.GetLastPInvokeError() : 0;
        error = handle is null ? Marshal.GetPInvokeErrorMessage(number) : "";
        isPermission = number is LibcNative.NotPermitted or LibcNative.AccessDenied;
        return handle is not null;
    }

    /// <summary>Opens a socket.</summary>
    /// <param name="interfaceIndex">Where it sends and receives.</param>
    /// <param name="options">Its buffers.</param>
    /// <param name="filter">What it lets pass, a program of <see cref="PacketFilter"/>.</param>
    /// <exception cref="IOException">The system refuses.</exception>
    public static PacketHandle Open(int interfaceIndex, PacketSocketLinkOptions options, FilterInstruction[] filter)
    {
        var socket = new PacketHandle(Create() ?? throw Failure("be opened"), interfaceIndex);
        try
        {
            socket.Prepare(options, filter);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Opens another socket of the same interface, in the network namespace of the calling thread.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public PacketHandle OpenAnother(PacketSocketLinkOptions options, FilterInstruction[] filter) =>
        Open(_interface, options, filter);

    /// <summary>Lets pass what a program of <see cref="PacketFilter"/> says, from now on.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public void SetFilter(FilterInstruction[] filter)
    {
        if (!TryGive(LibcNative.SocketLevel, LibcNative.AttachFilter, filter))
            throw Failure("filter");
    }

    /// <summary>
    /// Makes the socket the next one of a group, which divides what arrives among its sockets. All goes to the first
    /// one until the group has a program.
    /// </summary>
    /// <param name="group">The group, whose number may be 0; null for a new one, whose number it then is.</param>
    /// <returns>False if the system refuses.</returns>
    public bool TryJoin(ref ushort? group)
    {
        int kind = LibcNative.FanoutByProgram | LibcNative.FanoutIgnoreOutgoing
            | (group is null ? LibcNative.FanoutUniqueId : 0);
        if (!TrySet(LibcNative.PacketLevel, LibcNative.PacketFanout, (group ?? 0) | (kind << 16)))
            return false;

        group = (ushort)GetNumber(LibcNative.PacketLevel, LibcNative.PacketFanout);
        return true;
    }

    /// <summary>Divides by a program from now on, whose result is the number of the socket in the group.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public void Divide(FilterInstruction[] program)
    {
        if (!TryGive(LibcNative.PacketLevel, LibcNative.PacketFanoutData, program))
            throw Failure("divide what arrives");
    }

    /// <summary>Has the interface receive for one more address, for as long as the socket is open.</summary>
    /// <returns>Whether the system has agreed.</returns>
    public bool TryReceiveFor(MacAddress address)
    {
        var membership = new PacketMembership
        {
            InterfaceIndex = _interface,
            Kind = PacketMembership.Unicast,
            AddressLength = MacAddress.Size,
        };
        address.CopyTo(new Span<byte>(membership.Address, MacAddress.Size));
        return TryAdd(membership);
    }

    /// <summary>Has the interface receive everything, for as long as the socket is open.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public void ReceiveEverything()
    {
        if (!TryAdd(new PacketMembership { InterfaceIndex = _interface, Kind = PacketMembership.Promiscuous }))
            throw Failure("receive for other addresses than the card's");
    }

    /// <summary>How many frames found no room since this was last asked.</summary>
    public uint TakeDrops()
    {
        PacketCounters counters = default;
        uint length = (uint)sizeof(PacketCounters);
        int failed = LibcNative.GetSocketOption(
            Descriptor, LibcNative.PacketLevel, LibcNative.PacketStatistics, &counters, &length);
        return failed == 0 ? counters.Drops : 0;
    }

    public void Dispose() => _handle.Dispose();

    // Of no protocol, so that nothing arrives before it is set up and bound.
    private static SafeFileHandle? Create()
    {
        int descriptor = LibcNative.OpenSocket(LibcNative.PacketFamily, LibcNative.RawNonBlocking, 0);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static IOException Failure(string what) =>
        new($"A packet socket cannot {what}: {Marshal.GetLastPInvokeErrorMessage()}.");

    private void Prepare(PacketSocketLinkOptions options, FilterInstruction[] filter)
    {
        if (!TrySet(LibcNative.PacketLevel, LibcNative.VirtioHeader, 1))
            throw Failure("carry virtio headers");

        SetBuffer(LibcNative.ReceiveBufferForce, LibcNative.ReceiveBuffer, options.ReceiveBufferBytes);
        SetBuffer(LibcNative.SendBufferForce, LibcNative.SendBuffer, options.SendBufferBytes);
        TrySet(LibcNative.PacketLevel, LibcNative.IgnoreOutgoing, 1); // since Linux 4.20; the filter says the same
        SetFilter(filter);
        var address = new PacketAddress
        {
            Family = LibcNative.PacketFamily,
            Protocol = LibcNative.AllProtocols,
            InterfaceIndex = _interface,
        };
        if (LibcNative.Bind(Descriptor, &address, (uint)sizeof(PacketAddress)) != 0)
            throw Failure("be bound to the interface");
    }

    // Beyond the system's limit by CAP_NET_ADMIN, up to it without.
    private void SetBuffer(int forced, int plain, int bytes)
    {
        if (!TrySet(LibcNative.SocketLevel, forced, bytes))
            TrySet(LibcNative.SocketLevel, plain, bytes);
    }

    private bool TryAdd(PacketMembership membership) => LibcNative.SetSocketOption(
        Descriptor, LibcNative.PacketLevel, LibcNative.AddMembership, &membership,
        (uint)sizeof(PacketMembership)) == 0;

    private bool TrySet(int level, int name, int value) =>
        LibcNative.SetSocketOption(Descriptor, level, name, &value, sizeof(int)) == 0;

    private bool TryGive(int level, int name, FilterInstruction[] instructions)
    {
        fixed (FilterInstruction* first = instructions)
        {
            var program = new FilterProgram { Length = (ushort)instructions.Length, Instructions = first };
            return LibcNative.SetSocketOption(Descriptor, level, name, &program, (uint)sizeof(FilterProgram)) == 0;
        }
    }

    private int GetNumber(int level, int name)
    {
        int value = 0;
        uint length = sizeof(int);
        LibcNative.GetSocketOption(Descriptor, level, name, &value, &length);
        return value;
    }
}
