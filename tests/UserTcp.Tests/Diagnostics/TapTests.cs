using System.Collections.Concurrent;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Tests.Api;
using UserTcp.Tests.Links;
using UserTcp.Tests.Runtime;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Diagnostics;

/// <summary>Taps and observers of running stacks.</summary>
[Collection(RealTime.Name)]
public sealed class TapTests
{
    [Fact]
    public async Task A_tap_sees_both_directions_in_order_before_anybody_is_woken()
    {
        var tap = new FrameList();
        await using StackPair pair = await StackPair.OpenAsync();
        using IDisposable registration = pair.Client.AddTap(tap);
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        // Who waits is woken after the tap; who comes by later may find the bytes while the tap is being shown them.
        Task<byte[]> waiting = client.Input.ReadExactlyAsync(6);
        await server.Output.SendAsync("answer"u8.ToArray());
        await waiting;

        Frame[] frames = [.. tap.Frames];

        Assert.Equal(0x0806, frames[0].EtherType); // who has 10.0.0.2?
        Assert.Equal(PacketDirection.Sent, frames[0].Direction);
        Assert.Equal(PacketDirection.Received, frames[1].Direction);
        Frame answer = Assert.Single(frames, frame => frame.EndsWith("answer"u8));
        Assert.Equal(PacketDirection.Received, answer.Direction);
        Assert.Equal(client.Id, answer.Connection);
        Assert.All(frames, frame => Assert.Equal(PacketDropReason.None, frame.Reason));
        Assert.Equal(frames.Select(frame => frame.Timestamp).Order(), frames.Select(frame => frame.Timestamp));
        Assert.All(frames, frame => Assert.True(frame.IsWhole, "A checksum is not finished."));
    }

    [Fact]
    public async Task A_tap_of_the_options_is_there_from_the_start_and_a_disposed_one_is_not()
    {
        var first = new FrameList();
        var second = new FrameList();
        await using StackPair pair = await StackPair.OpenAsync(options => options.Taps.Add(first));
        pair.Client.AddTap(second).Dispose();
        var patient = new UserTcpPingOptions { Timeout = StackPair.Guard };
        await pair.Client.PingAsync(StackPair.ServerAddress, patient).AsTask().WaitAsync(StackPair.Guard);

        Assert.NotEmpty(first.Frames);
        Assert.Empty(second.Frames);
    }

    [Fact]
    public async Task What_is_dropped_says_why()
    {
        var tap = new FrameList();
        (VirtualLink wire, VirtualLink end) = VirtualLink.CreatePair();
        await using UserTcpStack stack = await UserTcpStack.OpenAsync(StackPair.Options(end, StackPair.ServerAddress));
        using IDisposable registration = stack.AddTap(tap);
        Send(wire, new byte[60]); // to 00:00:00:00:00:00
        using var guard = new CancellationTokenSource(StackPair.Guard);
        while (tap.Frames.IsEmpty)
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal(PacketDropReason.NotForUs, Assert.Single(tap.Frames).Reason);
        wire.Dispose();
    }

    [Fact]
    public async Task A_tap_may_use_the_stack_and_one_that_throws_is_removed()
    {
        var log = new LogList();
        StackPair? pair = null;
        var asking = new FrameList(() => pair?.Client.GetStatistics());
        pair = await StackPair.OpenAsync(options => options.LoggerFactory = log);
        using IDisposable one = pair.Client.AddTap(asking);
        using IDisposable two = pair.Client.AddTap(new FrameList(() => throw new InvalidOperationException("no")));
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        await server.Output.SendAsync(new byte[10]);
        await client.Input.ReadExactlyAsync(10);

        Assert.Equal(1, log.Count(9000));
        Assert.True(asking.Frames.Count >= 4);
        await pair.DisposeAsync();
    }

    [Fact]
    public async Task An_observer_sees_each_acknowledgement()
    {
        const int Bytes = 2_000_000;
        var observer = new Samples();
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        using (client.AddObserver(observer))
        {
            Task<byte[]> read = server.Input.ReadToEndAsync();
            await client.Output.SendAsync(PipeWords.Pattern(Bytes));
            await client.Output.CompleteAsync();
            Assert.Equal(Bytes, (await read).Length);
            await client.OutputAcknowledged.WaitAsync(StackPair.Guard);
        }

        UserTcpAckSample[] samples = [.. observer.All];
        Assert.True(samples.Length > 3);
        Assert.Equal(samples.Select(sample => sample.BytesAcked).Order(), samples.Select(sample => sample.BytesAcked));
        Assert.Equal(Bytes, samples[^1].BytesAcked);
        Assert.All(samples, sample => Assert.True(sample is { CongestionWindow: > 0, SmoothedRtt.Ticks: > 0 }));
        await SendOneAsync(); // the loop that brings it has left behind whatever it was still showing
        int count = observer.All.Count;
        await SendOneAsync();
        Assert.Equal(count, observer.All.Count);

        async Task SendOneAsync()
        {
            await server.Output.SendAsync(new byte[1]);
            await client.Input.ReadExactlyAsync(1);
        }
    }

    private static void Send(VirtualLink wire, byte[] frame) =>
        Assert.Equal(1, wire.Transmit([TxFrame.Create(frame)]));

    private sealed class Samples : IUserTcpConnectionObserver
    {
        public ConcurrentQueue<UserTcpAckSample> All { get; } = new();

        public void OnAck(in UserTcpAckSample sample) => All.Enqueue(sample);
    }

    private sealed record Frame(
        byte[] Bytes, PacketDirection Direction, DateTimeOffset Timestamp, PacketDropReason Reason, long Connection)
    {
        public int EtherType => Bytes[12] << 8 | Bytes[13];

        public bool IsWhole => EtherType != 0x0800 || !Ipv4Header.TryParse(Bytes.AsSpan(14), out Ipv4Header packet)
            || InternetChecksum.IsValid(InternetChecksum.Sum(
                packet.Payload,
                InternetChecksum.PseudoHeader(
                    packet.Source, packet.Destination, packet.Protocol, packet.Payload.Length)));

        public bool EndsWith(ReadOnlySpan<byte> text) => Bytes.AsSpan().EndsWith(text);
    }

    private sealed class FrameList(Action? onFrame = null) : IPacketTap
    {
        public ConcurrentQueue<Frame> Frames { get; } = new();

        public void OnPacket(in PacketTapContext packet)
        {
            onFrame?.Invoke();
            Frames.Enqueue(new Frame(
                packet.Frame.ToArray(), packet.Direction, packet.Timestamp, packet.DropReason,
                packet.ConnectionId));
        }
    }
}
