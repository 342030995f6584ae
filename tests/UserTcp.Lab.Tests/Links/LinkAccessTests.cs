using UserTcp.Lab.Tests.Support;
using UserTcp.Links;

namespace UserTcp.Lab.Tests.Links;

/// <summary>What is in the way of a link, said before it is opened and when it is.</summary>
public sealed class LinkAccessTests
{
    [LabTheory]
    [InlineData("packet:veth0", typeof(PacketSocketLink))]
    [InlineData("pcap:veth0", typeof(PcapLink))]
    [InlineData("veth0", typeof(PacketSocketLink))] // the best there is
    [InlineData("virtual:lab", typeof(VirtualLink))]
    public void What_can_be_opened_is_granted(string name, Type kind)
    {
        using var lab = new LinkLab();
        LinkAccess access = lab.A.Run(() => LinkDevice.CheckAccess(name));
        Assert.True(access is { Problem: LinkProblem.None, IsGranted: true, Reason: "", Remedy: "" });
        Assert.Equal(name.Contains(':', StringComparison.Ordinal) ? name : $"packet:{name}", access.Name);

        using LinkDevice link = lab.A.Run(() => LinkDevice.Open(name));
        Assert.IsType(kind, link);
    }

    [LabTheory]
    [InlineData("packet:")]
    [InlineData("pcap:")]
    [InlineData("")]
    public void A_missing_device_is_named_beside_those_that_there_are(string scheme)
    {
        using var lab = new LinkLab();
        foreach (string device in (string[])["eth7", "a-name-that-is-too-long-for-linux"])
        {
            string message = Fails<LinkNotFoundException>(lab, scheme + device, LinkProblem.MissingDevice);
            Assert.Contains($"'{device}'", message, StringComparison.Ordinal);
            Assert.Contains("veth0", message, StringComparison.Ordinal);
        }
    }

    [LabTheory]
    [InlineData("packet:veth0")]
    [InlineData("pcap:veth0")]
    [InlineData("veth0")]
    public void An_interface_that_is_down_is_named_with_the_command_that_helps(string name)
    {
        using var lab = new LinkLab();
        lab.A.Exec("ip link set veth0 down");
        string message = Fails<IOException>(lab, name, LinkProblem.DeviceDown);
        Assert.Contains("ip link set veth0 up", message, StringComparison.Ordinal);
    }

    [LabTheory]
    [InlineData("packet:veth0")]
    [InlineData("pcap:veth0")]
    [InlineData("veth0")]
    public void Without_the_capability_the_commands_that_grant_it_are_named(string name)
    {
        using var lab = new LinkLab();
        LinkAccess access = lab.A.Run(() => Unprivileged.Run(() => LinkDevice.CheckAccess(name)));
        Assert.Equal(LinkProblem.MissingPermission, access.Problem);
        string message = Assert.Throws<UnauthorizedAccessException>(
            () => lab.A.Run(() => Unprivileged.Run(() => LinkDevice.Open(name)))).Message;
        Assert.Equal(access.ToString(), message);
        Assert.Contains("CAP_NET_RAW", access.Remedy, StringComparison.Ordinal);
        Assert.Contains("sudo setcap cap_net_raw,cap_net_admin+ep", access.Remedy, StringComparison.Ordinal);
        Assert.Contains("sudo setpriv", access.Remedy, StringComparison.Ordinal);
    }

    [LabFact]
    public void A_device_without_ethernet_is_pcaps()
    {
        using NetworkNamespace ns = NetworkNamespace.Create();
        ns.Exec("ip tuntap add mode tun name tun0 && ip link set tun0 up");
        LinkAccess access = ns.Run(() => LinkDevice.CheckAccess("packet:tun0"));
        Assert.Equal(LinkProblem.UnsupportedDevice, access.Problem);
        Assert.Contains("pcap:tun0", access.Remedy, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => ns.Run(() => LinkDevice.Open("packet:tun0")));
        Assert.Equal("pcap:tun0", ns.Run(() => LinkDevice.CheckAccess("tun0")).Name);
    }

    [LabTheory]
    [InlineData("lo")]
    [InlineData("packet:lo")]
    [InlineData("pcap:lo")]
    public void A_link_of_the_loopback_is_refused_with_the_ways_that_work(string name)
    {
        using var lab = new LinkLab();
        string message = Fails<NotSupportedException>(lab, name, LinkProblem.UnsupportedDevice);
        Assert.Contains("'lo' only leads back to this machine", message, StringComparison.Ordinal);
        Assert.Contains("--link gateway", message, StringComparison.Ordinal);
        Assert.Contains("tap:tap0", message, StringComparison.Ordinal);
    }

    private static string Fails<TException>(LinkLab lab, string name, LinkProblem problem)
        where TException : Exception
    {
        LinkAccess access = lab.A.Run(() => LinkDevice.CheckAccess(name));
        Assert.Equal((problem, false), (access.Problem, access.IsGranted));
        string message = Assert.ThrowsAny<TException>(() => lab.A.Run(() => LinkDevice.Open(name))).Message;
        Assert.Equal(access.ToString(), message);
        return message;
    }
}
