using System.Net;
using UserTcp.Lab.Tests.Wires;

namespace UserTcp.Lab.Tests.Support;

/// <summary>The smallest lab: a kernel in its namespace, and a stack of ours right behind its <c>tap0</c>.</summary>
internal sealed class TapNetwork : IDisposable
{
    public const string DeviceName = "tap0";

    private TapNetwork()
    {
        Peer = NetworkNamespace.Create("tap");
        try
        {
            Device = TapDevice.Create(Peer, DeviceName, $"{PeerAddress}/24");
        }
        catch
        {
            Peer.Dispose();
            Scratch.Dispose();
            throw;
        }
    }

    public static IPAddress OurAddress { get; } = IPAddress.Parse("10.9.1.50");

    public static IPAddress PeerAddress { get; } = IPAddress.Parse("10.9.1.1");

    public NetworkNamespace Peer { get; }

    /// <summary>For one stack, which disposes of it.</summary>
    public TapDevice Device { get; }

    public ScratchFolder Scratch { get; } = new();

    public static TapNetwork Create() => new();

    public async Task<UserTcpStack> OpenStackAsync(UserTcpConnectionOptions? connections = null)
    {
        var options = new UserTcpStackOptions { Link = Device };
        if (connections is not null)
            options.ConnectionDefaults = connections;
        options.Addresses.Add(new UserTcpAddress(OurAddress, 24));
        return await UserTcpStack.OpenAsync(options);
    }

    // The descriptor first: while it is open, it keeps the namespace alive.
    public void Dispose()
    {
        Device.Dispose();
        Peer.Dispose();
        Scratch.Dispose();
    }
}
