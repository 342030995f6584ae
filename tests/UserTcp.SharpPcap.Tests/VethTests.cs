using System.Diagnostics;
using System.Net;
using UserTcp.Links;

namespace UserTcp.SharpPcap.Tests;

/// <summary>The adapter on devices of libpcap: two stacks on the ends of a veth pair without addresses.</summary>
public sealed class VethTests : IDisposable
{
    private static readonly TimeSpan s_guard = TimeSpan.FromSeconds(60);
    private readonly string _left = $"utsp{Environment.ProcessId % 100_000}a";
    private readonly string _right = $"utsp{Environment.ProcessId % 100_000}b";

    [VethFact]
    public async Task Ten_megabytes_arrive_and_a_ping_takes_no_read_timeout()
    {
        Ip($"link add {_left} mtu 1300 type veth peer name {_right} mtu 1300");
        Ip($"link set {_left} up");
        Ip($"link set {_right} up");
        SharpPcapLink.Register();
        await using UserTcpStack server = await UserTcpStack.OpenAsync($"sharppcap:{_right}", "10.255.77.2/24");
        await using UserTcpStack client = await UserTcpStack.OpenAsync(new UserTcpStackOptions
        {
            Link = SharpPcapLink.Open(_left, new SharpPcapLinkOptions { ReadTimeout = TimeSpan.FromSeconds(1) }),
            Addresses = { UserTcpAddress.Parse("10.255.77.1/24") },
        });
        await using UserTcpListener listener = await server.ListenAsync(7);
        Task<UserTcpConnection> accept = listener.AcceptAsync().AsTask();
        await using UserTcpConnection connection =
            await client.ConnectAsync(IPAddress.Parse("10.255.77.2"), 7).AsTask().WaitAsync(s_guard);
        await using UserTcpConnection accepted = await accept.WaitAsync(s_guard);
        byte[] sent = new byte[10_000_000];
        new Random(7).NextBytes(sent);
        Task write = WriteAsync(connection, sent);
        var received = new MemoryStream();
        await accepted.Input.CopyToAsync(received).WaitAsync(s_guard);
        await write.WaitAsync(s_guard);

        Assert.Equal(sent, received.ToArray());
        Assert.Equal(1300, client.Link.Info.Mtu); // of an interface that has no address
        // Without immediate mode each answer would be held back for the second that was asked for.
        Assert.True(connection.GetInfo().MinRtt < TimeSpan.FromMilliseconds(500));
        Assert.Equal(0, client.GetStatistics().ErrorsReceived);
        Assert.Equal(0, server.GetStatistics().ErrorsReceived);
    }

    public void Dispose()
    {
        if (Directory.Exists($"/sys/class/net/{_left}"))
            Ip($"link del {_left}");
    }

    private static async Task WriteAsync(UserTcpConnection connection, byte[] bytes)
    {
        await connection.Output.WriteAsync(bytes);
        await connection.Output.CompleteAsync();
    }

    private static void Ip(string arguments)
    {
        using Process ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        string errors = ip.StandardError.ReadToEnd();
        ip.WaitForExit();
        Assert.True(ip.ExitCode == 0, $"ip {arguments}: {errors}");
    }
}
