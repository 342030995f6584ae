using System.Buffers;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Pitfalls;

/// <summary>
/// Urgent text to the Linux kernel, with default offloads: it takes the octet that the pointer names out of the stream,
/// so that a wrong pointer costs an octet and delivers another one out of band.
/// </summary>
public sealed class UrgentTests
{
    private const int Urgent = 6000;
    private static readonly byte[] s_text = [.. Enumerable.Range(0, 20_000).Select(i => (byte)(i * 31 + (i >> 8) * 7))];
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(20);

    [LabTheory]
    [InlineData("pcap", false)]
    [InlineData("pcap", true)]
    [InlineData("packet", false)]
    [InlineData("packet", true)]
    public async Task Linux_gets_every_octet_and_the_last_urgent_one_out_of_band(string scheme, bool inLine)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, scheme);
        using var patience = new Patience(60);
        var received = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using KernelServer server = KernelServer.Start(
            lab.Peer, LabNetwork.PeerAddress, (socket, _) => Task.Run(() => ReceiveInto(received, socket, inLine)));
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using UserTcpConnection connection = await stack.ConnectAsync(server.EndPoint, null, patience.Token);
        connection.Output.Write(s_text.AsSpan(0, Urgent));
        connection.FlushUrgent();
        await connection.Output.WriteAsync(s_text.AsMemory(Urgent), patience.Token);
        await connection.Output.CompleteAsync();
        Assert.Equal(s_text, await received.Task.WaitAsync(patience.Token));
    }

    private static void ReceiveInto(TaskCompletionSource<byte[]> received, Socket socket, bool inLine)
    {
        try
        {
            received.SetResult(Receive(socket, inLine));
        }
        catch (SocketException e)
        {
            received.SetException(e);
        }
    }

    private static byte[] Receive(Socket socket, bool inLine)
    {
        socket.ReceiveTimeout = (int)s_wait.TotalMilliseconds;
        var all = new List<byte>();
        if (inLine)
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, optionValue: true);
        }
        else
        {
            Take(socket, all, Urgent - 1);
            Assert.True(socket.Poll(s_wait, SelectMode.SelectError)); // the urgent octet has arrived
            byte[] octet = new byte[1];
            Assert.Equal(1, socket.Receive(octet, SocketFlags.OutOfBand));
            all.Add(octet[0]);
        }

        Take(socket, all, int.MaxValue);
        return [.. all];
    }

    private static void Take(Socket socket, List<byte> all, int upTo)
    {
        byte[] buffer = new byte[4096];
        while (all.Count < upTo)
        {
            int count = socket.Receive(buffer.AsSpan(0, Math.Min(buffer.Length, upTo - all.Count)));
            if (count == 0)
                return;
            all.AddRange(buffer.AsSpan(0, count));
        }
    }
}
