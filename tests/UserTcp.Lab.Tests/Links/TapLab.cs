using System.Net;
using UserTcp.Lab.Tests.Support;
using UserTcp.Links;

namespace UserTcp.Lab.Tests.Links;

/// <summary>A kernel in its namespace, and its <c>tap0</c> or <c>tun0</c>, behind which a stack of ours is.</summary>
internal sealed class TapLab : IDisposable
{
    private readonly List<LinkDevice> _links = [];

    public TapLab(LinkMedium medium = LinkMedium.Ethernet)
    {
        Medium = medium;
        Kernel = NetworkNamespace.Create("tap");
    }

    public static IPAddress OurAddress { get; } = IPAddress.Parse("10.9.1.50");

    public static IPAddress KernelAddress { get; } = IPAddress.Parse("10.9.1.1");

    public LinkMedium Medium { get; }

    public NetworkNamespace Kernel { get; }

    public string Kind => Medium == LinkMedium.Ethernet ? "tap" : "tun";

    public string Device => $"{Kind}0";

    /// <summary>Makes the interface as an administrator would, up and with an address.</summary>
    public void MakePersistent(string flags = "") => Kernel.Exec(
        $"ip tuntap add dev {Device} mode {Kind} {flags} && {Address} && ip link set {Device} up");

    /// <summary>Attaches to the interface, or makes it.</summary>
    public TapLink Open(bool? multiQueue = null)
    {
        TapLink link = Kernel.Run(
            () => TapLink.Open(Device, new TapLinkOptions { Medium = Medium, MultiQueue = multiQueue }));
        _links.Add(link);
        return link;
    }

    /// <summary>The kernel's end of the interface, as frames.</summary>
    public PacketSocketLink OpenKernelSide(MacAddress receiver)
    {
        PacketSocketLink link = Kernel.Run(() => PacketSocketLink.Open(Device));
        _links.Add(link);
        link.SetReceiveAddress(receiver);
        return link;
    }

    /// <summary>A stack behind the interface, whose kernel end gets an address.</summary>
    public async Task<UserTcpStack> OpenStackAsync()
    {
        var options = new UserTcpStackOptions { Link = Open() };
        options.Addresses.Add(new UserTcpAddress(OurAddress, 24));
        UserTcpStack stack = await UserTcpStack.OpenAsync(options);
        Kernel.Exec(Address);
        return stack;
    }

    public void Dispose()
    {
        foreach (LinkDevice link in _links)
            link.Dispose();
        Kernel.Dispose();
    }

    private string Address => $"ip addr replace {KernelAddress}/24 dev {Device}";
}
