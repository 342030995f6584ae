using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace UserTcp.Lab.Tests.Support;

public sealed class NamespaceTests
{
    [LabFact]
    public void A_namespace_holds_its_own_interfaces_and_goes_away_with_them()
    {
        string name;
        using (NetworkNamespace a = NetworkNamespace.Create("a"))
        using (NetworkNamespace b = NetworkNamespace.Create("b"))
        {
            name = a.Name;
            VethPair.Create(a, b, addressA: "10.9.0.1/24", addressB: "10.9.0.2/24", offloads: false);
            using TcpListener listener = b.Run(() => new TcpListener(IPAddress.Parse("10.9.0.2"), 80));
            b.Run(listener.Start);
            using TcpClient client = a.Run(() => new TcpClient("10.9.0.2", 80));
            Assert.Equal("10.9.0.1", ((IPEndPoint)client.Client.LocalEndPoint!).Address.MapToIPv4().ToString());
            Assert.Contains("tcp-segmentation-offload: off", b.Exec("ethtool -k veth1"), StringComparison.Ordinal);
        }

        Assert.False(File.Exists("/run/netns/" + name));
    }

    [LabFact]
    public void Run_executes_inside_and_hands_results_and_exceptions_out()
    {
        using NetworkNamespace ns = NetworkNamespace.Create();
        Assert.Equal(["lo"], ns.Run(() => NetworkInterface.GetAllNetworkInterfaces().Select(i => i.Name).ToArray()));
        Assert.Throws<TimeoutException>(() => ns.Run(() => throw new TimeoutException()));
    }

    [LabFact]
    public void A_failing_command_is_an_exception_that_says_why()
    {
        using NetworkNamespace ns = NetworkNamespace.Create();
        var e = Assert.Throws<InvalidOperationException>(() => ns.Exec("ip link set nothing up"));
        Assert.Contains("nothing", e.Message, StringComparison.Ordinal);
        Assert.NotEqual(0, ns.TryExec("false").ExitCode);
    }
}
