using System.Net;
using UserTcp.Diagnostics;
using UserTcp.Testing;
using UserTcp.Testing.Rules;

namespace UserTcp.Simulation.Tests;

/// <summary>What <see cref="UserTcpConnection.GetInfo"/> tells of a transfer whose path is known.</summary>
public sealed class InfoTests
{
    private const int Size = 2_000_000;
    private const double BytesPerSecond = 10e6 / 8;
    private static readonly TimeSpan s_roundTrip = TimeSpan.FromMilliseconds(40);

    [Fact]
    public void A_clean_path_shows_its_round_trip_and_its_rate()
    {
        UserTcpConnectionInfo info = Upload();

        Assert.InRange(info.MinRtt, s_roundTrip, s_roundTrip + TimeSpan.FromMilliseconds(4));
        Assert.InRange(info.SmoothedRtt, info.MinRtt, s_roundTrip * 10);
        Assert.InRange(info.DeliveryRate, BytesPerSecond * 0.7, BytesPerSecond);
        Assert.InRange(info.PacingRate, info.DeliveryRate * 0.5, info.CongestionWindow / info.MinRtt.TotalSeconds * 2);
        Assert.Equal((0, 0, 0), (info.Retransmits, info.Timeouts, info.SpuriousRetransmits));
        Assert.Equal(UserTcpRecoveryState.Open, info.RecoveryState);
        Assert.True(info.CongestionWindow > 14_480);
        Assert.Equal(Size, info.BytesSent);
        Assert.False(info.ReorderingSeen);
        Assert.InRange(info.BusyTime, TimeSpan.FromSeconds(Size / BytesPerSecond), info.Uptime);
    }

    [Fact]
    public void Losses_show_as_retransmissions_and_a_threshold()
    {
        UserTcpConnectionInfo info = Upload(new PeriodicLoss(100));

        Assert.InRange(info.Retransmits, Size / 1460 / 200, Size / 1460 / 20);
        Assert.True(info.FastRetransmits > 3);
        Assert.InRange(info.SlowStartThreshold, 1460, Size);
        Assert.Equal(info.BytesSent, Size + info.BytesRetransmitted);
    }

    [Fact]
    public void Reordering_shows_and_what_was_sent_again_for_it_was_in_vain()
    {
        UserTcpConnectionInfo info = Upload(new Reordering(0.05, TimeSpan.FromMilliseconds(30)));

        Assert.True(info.ReorderingSeen);
        Assert.True(info.SpuriousRetransmits > 0);
    }

    [Fact]
    public void A_reader_that_is_slow_shows_as_a_window_that_limits()
    {
        UserTcpConnectionInfo info = Upload(pause: TimeSpan.FromMilliseconds(200));

        Assert.True(info.PeerWindowLimitedTime > info.BusyTime / 2);
    }

    [Fact]
    public void An_observer_sees_what_is_in_flight()
    {
        var observer = new Flights();
        Upload(observer: observer);

        Assert.InRange(observer.Most, 10 * 1448, Size);
    }

    private static UserTcpConnectionInfo Upload(
        ILinkRule? rule = null, TimeSpan pause = default, IUserTcpConnectionObserver? observer = null)
    {
        UserTcpConnectionInfo? info = null;
        using var network = new SimulatedNetwork(seed: 7);
        SimulatedHost server = network.AddHost("server");
        SimulatedHost client = network.AddHost("client", new()
        {
            BitsPerSecond = (long)(BytesPerSecond * 8),
            Delay = s_roundTrip / 2,
        });
        if (rule is not null)
            client.Link.Outgoing.Add(rule);
        network.Run(async () =>
        {
            await using UserTcpListener listener = await server.Stack.ListenAsync(new UserTcpListenerOptions
            {
                LocalEndPoint = new(server.Address, 7),
                ConnectionOptions = pause > TimeSpan.Zero
                    ? new() { ReceiveBufferSize = 16_384, AutoTuneBuffers = false }
                    : null,
            });
            Task<long> reading = CountAsync(network, listener, pause);
            var remote = new IPEndPoint(server.Address, 7);
            await using UserTcpConnection connection = await client.Stack.ConnectAsync(remote);
            using IDisposable? observing = observer is null ? null : connection.AddObserver(observer);
            await connection.Output.WriteAsync(new byte[Size]);
            info = connection.GetInfo();
            await connection.Output.CompleteAsync();
            Assert.Equal(Size, await reading);
            if (pause == TimeSpan.Zero)
                info = connection.GetInfo();
        });
        return info!;
    }

    private static async Task<long> CountAsync(SimulatedNetwork network, UserTcpListener listener, TimeSpan pause)
    {
        await using UserTcpConnection connection = await listener.AcceptAsync();
        for (long bytes = 0; ;)
        {
            var read = await connection.Input.ReadAsync();
            bytes += read.Buffer.Length;
            connection.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return bytes;
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, network.TimeProvider);
        }
    }

    private sealed class Flights : IUserTcpConnectionObserver
    {
        public long Most { get; private set; }

        public void OnAck(in UserTcpAckSample sample) => Most = Math.Max(Most, sample.BytesInFlight);
    }
}
