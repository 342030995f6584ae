using UserTcp.Tests.Support;

namespace UserTcp.Tests.Api;

#pragma warning disable UTCP001 // the interface is experimental, and this is its trial

/// <summary>A user's own congestion control, by the public interface only.</summary>
[Collection(RealTime.Name)]
public sealed class OwnControllerTests
{
    [Fact]
    public async Task Controller_of_ones_own_is_asked_and_told()
    {
        const int Bytes = 2_000_000;
        var control = new RecordingControl(window: 30_000, pacingRate: null);
        await using StackPair pair = await StackPair.OpenAsync();
        var options = new UserTcpConnectionOptions
        {
            CongestionControl = control,
            LossRecovery = new UserTcpLossRecoveryOptions { TailLossProbe = false }, // it may exceed the window
        };
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync(options);
        await using UserTcpConnection _1 = client;
        await using UserTcpConnection _2 = server;
        Task<byte[]> received = server.Input.ReadToEndAsync();
        await client.Output.SendAsync(PipeWords.Pattern(Bytes));
        await client.Output.CompleteAsync();
        Assert.Equal(PipeWords.Pattern(Bytes), await received.WaitAsync(StackPair.Guard));
        await client.OutputAcknowledged.WaitAsync(StackPair.Guard);

        Recorder recorder = Assert.Single(control.Recorders);
        Assert.Equal("recording", client.GetInfo().CongestionControl);
        Assert.Equal(10, control.InitialWindow / control.SegmentSize);
        Assert.InRange(recorder.BytesAcked, Bytes, Bytes + 2); // SYN and FIN have numbers, too
        Assert.True(recorder.MostInFlight <= 30_000, $"{recorder.MostInFlight} in flight");
        Assert.True(recorder.Rounds >= Bytes / 30_000, $"{recorder.Rounds} rounds");
        Assert.True(recorder.RttSamples > 0);
        Assert.True(recorder.DeliveryRates > 0);
    }

    [Fact]
    public async Task Pacing_rate_of_ones_own_is_kept_even_where_round_trips_are_short()
    {
        const int Bytes = 300_000;
        const double Rate = 1_000_000;
        var control = new RecordingControl(window: 1 << 20, Rate);
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) =
            await pair.ConnectAsync(new UserTcpConnectionOptions { CongestionControl = control });
        await using UserTcpConnection _1 = client;
        await using UserTcpConnection _2 = server;
        Task<byte[]> received = server.Input.ReadToEndAsync();
        await client.Output.SendAsync(PipeWords.Pattern(Bytes));
        await client.Output.CompleteAsync();
        await received.WaitAsync(StackPair.Guard);
        await client.OutputAcknowledged.WaitAsync(StackPair.Guard);

        // Only the first ten segments, a burst and what waking up late caught up leave faster. A busy machine is
        // slower.
        Recorder recorder = Assert.Single(control.Recorders);
        double atLeast = (Bytes - 14 * control.SegmentSize) / Rate;
        Assert.True(recorder.Span.TotalSeconds >= atLeast, $"{recorder.Span} for {atLeast} s");
    }

    private sealed class RecordingControl(long window, double? pacingRate) : CongestionControl
    {
        public List<Recorder> Recorders { get; } = [];

        public long InitialWindow { get; private set; }

        public int SegmentSize { get; private set; }

        public override string Name => "recording";

        public override ICongestionController CreateController(in CongestionContext context, long initialWindow)
        {
            (InitialWindow, SegmentSize) = (initialWindow, context.SegmentSize);
            var recorder = new Recorder(window, pacingRate, context.Now);
            Recorders.Add(recorder);
            return recorder;
        }
    }

    private sealed class Recorder(long window, double? pacingRate, TimeSpan start) : ICongestionController
    {
        public long CongestionWindow => window;

        public long SlowStartThreshold => window;

        public double? PacingRate => pacingRate;

        public long BytesAcked { get; private set; }

        public long MostInFlight { get; private set; }

        public int Rounds { get; private set; }

        public int RttSamples { get; private set; }

        public int DeliveryRates { get; private set; }

        public TimeSpan Span { get; private set; }

        public void OnAck(in CongestionAck ack)
        {
            BytesAcked += ack.BytesAcked;
            MostInFlight = Math.Max(MostInFlight, ack.PriorBytesInFlight);
            Rounds += ack.IsRoundEnd ? 1 : 0;
            RttSamples += ack.Rtt is not null ? 1 : 0;
            DeliveryRates += ack.DeliveryRate > 0 ? 1 : 0;
            Span = ack.Context.Now - start;
        }

        public void OnCongestion(in CongestionSignal congestion)
        {
        }

        public void OnRecovered(in CongestionContext context)
        {
        }

        public void OnRetransmitTimeout(in CongestionContext context, bool isRepeated)
        {
        }

        public void OnSpuriousCongestion(in CongestionContext context)
        {
        }

        public void OnIdleRestart(in CongestionContext context)
        {
        }

        public void OnSegmentSize(int segmentSize)
        {
        }
    }
}
