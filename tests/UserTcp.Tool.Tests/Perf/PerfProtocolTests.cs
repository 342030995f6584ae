using UserTcp.Tool.Perf;

namespace UserTcp.Tool.Tests.Perf;

public sealed class PerfProtocolTests
{
    [Fact]
    public void Parameters_survive_the_journey()
    {
        var parameters = new PerfParameters
        {
            Seconds = 7, OmitSeconds = 2, Bytes = 5_000_000_000, Streams = 3, IsReverse = true, BlockBytes = 8192,
            Rate = 10_000_000_000, Burst = 5, SegmentBytes = 1000, WindowBytes = 100_000, IsNoDelay = true,
            TrafficClass = 0x10, Congestion = "reno",
        };

        Assert.Equal(parameters, PerfParameters.Parse(parameters.ToJson()));
    }

    [Fact]
    public void What_a_client_does_not_say_has_the_defaults_of_iperf3()
    {
        PerfParameters parameters = PerfParameters.Parse("""{"tcp":true,"time":10,"pacing_timer":1000,"extra":[1]}""");

        Assert.Equal(new PerfParameters(), parameters);
    }

    [Theory]
    [InlineData("""{"udp":true}""")]
    [InlineData("""{"tcp":true,"parallel":129}""")]
    [InlineData("""{"tcp":true,"parallel":0}""")]
    [InlineData("""{"tcp":true,"len":2000000}""")]
    [InlineData("""{"tcp":true,"time":-1}""")]
    [InlineData("""{"tcp":true,"num":"many"}""")]
    [InlineData("""{"tcp":true,"omit":1e300}""")]
    [InlineData("""{"tcp":true,"bandwidth":-1}""")]
    [InlineData("""{"tcp":true,"MSS":70000}""")]
    [InlineData("""{"tcp":true,"TOS":256}""")]
    [InlineData("""{"tcp":true,"server_affinity":0}""")]
    [InlineData("""{"tcp":true,"flowlabel":5}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public void What_is_not_done_here_or_makes_no_sense_is_refused(string json) =>
        Assert.Equal(
            Failure.Receive, Assert.Throws<ToolException>(() => PerfParameters.Parse(json)).Failure);

    /// <summary>What iperf3 3.12 sends for -M 1000 -w 100K -N -S 0x10 -C reno -b 10M/5.</summary>
    [Fact]
    public void The_options_of_iperf3_are_heeded()
    {
        PerfParameters parameters = PerfParameters.Parse("""
            {"tcp":true,"omit":0,"time":10,"num":0,"blockcount":0,"MSS":1000,"nodelay":true,"parallel":1,
             "window":102400,"len":131072,"bandwidth":10000000,"pacing_timer":1000,"burst":5,"TOS":16,
             "congestion":"reno","client_version":"3.12"}
            """);

        Assert.Equal((10_000_000, 5), (parameters.Rate, parameters.Burst));
        Assert.True(parameters.IsNoDelay);
        Assert.Equal(16, parameters.TrafficClass);
        UserTcpConnectionOptions options = PerfConnections.OptionsOf(parameters)!;
        Assert.Equal(1000, options.MaxSegmentSize);
        Assert.Equal((102_400, 102_400), (options.SendBufferSize, options.ReceiveBufferSize));
        Assert.False(options.AutoTuneBuffers);
        Assert.Same(CongestionControl.NewReno, options.CongestionControl);
    }

    [Theory]
    [InlineData("""{"tcp":true,"fqrate":1000000}""", 1_000_000)]
    [InlineData("""{"tcp":true,"fqrate":1000000,"bandwidth":500000}""", 500_000)]
    [InlineData("""{"tcp":true,"fqrate":1000000,"bandwidth":0}""", 1_000_000)]
    public void Both_limits_of_the_rate_are_kept(string json, long rate) =>
        Assert.Equal(rate, PerfParameters.Parse(json).Rate);

    [Theory]
    [InlineData(0, 0, 7, 0, 0)] // no limit
    [InlineData(8000, 0, 0, 0, 0)] // the first one at once
    [InlineData(8000, 0, 1, 0, 1000)]
    [InlineData(8000, 0, 1, 400, 600)]
    [InlineData(3_000_000, 0, 1, 0, 3)] // 2.67 ms
    [InlineData(8000, 0, 3, 3100, 0)] // late: the average is what counts
    [InlineData(8000, 5, 4, 0, 0)] // inside a burst
    [InlineData(8000, 5, 5, 1000, 4000)]
    public void A_pace_is_the_average_since_the_start(long rate, int burst, long blocks, int elapsed, int wait) =>
        Assert.Equal(
            TimeSpan.FromMilliseconds(wait),
            new PerfPace(rate, burst).WaitFor(blocks, 1000, TimeSpan.FromMilliseconds(elapsed)));

    [Fact]
    public void Results_survive_the_journey()
    {
        var results = new PerfResults(
            [new PerfStreamResult(1, 1000, 3, 1.5), new PerfStreamResult(3, 2000, 0, 1.5)], true,
            new PerfCpu(50, 30, 20), "cubic");
        PerfResults read = PerfResults.Parse(results.ToJson());

        Assert.Equal(results.Streams, read.Streams);
        Assert.Equal((true, results.Cpu, "cubic"), (read.HasRetransmits, read.Cpu, read.Congestion));
    }

    [Fact]
    public void The_unsigned_minus_one_of_a_receiver_means_unknown()
    {
        PerfResults read = PerfResults.Parse("""
            {"cpu_util_total":1.5,"sender_has_retransmits":0,"streams":[{"id":1,"bytes":7,
             "retransmits":18446744073709551615,"jitter":0,"errors":0,"packets":0,"start_time":0,"end_time":2}]}
            """);

        Assert.Equal([new PerfStreamResult(1, 7, -1, 2)], read.Streams);
        Assert.False(read.HasRetransmits);
    }

    [Theory]
    [InlineData("""{"streams":[{"id":1,"bytes":-5}]}""")]
    [InlineData("""{"streams":[{"id":"one","bytes":5}]}""")]
    [InlineData("null")]
    public void Results_that_make_no_sense_are_refused(string json) =>
        Assert.Throws<ToolException>(() => PerfResults.Parse(json));

    [Fact]
    public void Streams_are_numbered_as_iperf3_numbers_them() =>
        Assert.Equal([1, 3, 4, 5], Enumerable.Range(0, 4).Select(PerfStream.IdOf));

    [Fact]
    public void A_cookie_has_36_letters_and_a_zero()
    {
        string cookie = PerfCookie.Create();
        byte[] bytes = PerfCookie.ToBytes(cookie);

        Assert.Equal(37, bytes.Length);
        Assert.Equal(0, bytes[^1]);
        Assert.Equal(cookie, PerfCookie.Parse(bytes));
        Assert.NotEqual(cookie, PerfCookie.Create());
    }

    [Fact]
    public void The_lines_are_those_of_iperf3()
    {
        var info = new UserTcpConnectionInfo { CongestionWindow = 409_600 };
        var interval = new PerfInterval(0, 1, false, [new PerfStreamInterval(1, true, 125_000_000, 2, info)]);

        Assert.Equal(
            "[  1]   0.00-1.00   sec   119 MBytes   1.00 Gbits/sec    2   400 KBytes",
            Assert.Single(PerfText.Interval(interval, new PerfTest(new PerfParameters(), "", IsClient: true, []))));
    }

    [Fact]
    public void With_both_directions_the_lines_have_roles_and_sums_of_their_own()
    {
        var info = new UserTcpConnectionInfo { CongestionWindow = 409_600 };
        var interval = new PerfInterval(0, 1, false,
        [
            new PerfStreamInterval(1, true, 125_000_000, 2, info),
            new PerfStreamInterval(3, true, 125_000_000, 0, info),
            new PerfStreamInterval(4, false, 125_000, 0, info),
        ]);
        var test = new PerfTest(new PerfParameters { IsBidirectional = true }, "", IsClient: true, []);

        Assert.Equal(
            [
                "[  1][TX-C]   0.00-1.00   sec   119 MBytes   1.00 Gbits/sec    2   400 KBytes",
                "[  3][TX-C]   0.00-1.00   sec   119 MBytes   1.00 Gbits/sec    0   400 KBytes",
                "[SUM][TX-C]   0.00-1.00   sec   238 MBytes   2.00 Gbits/sec    2",
                "[  4][RX-C]   0.00-1.00   sec   122 KBytes   1.00 Mbits/sec",
            ],
            PerfText.Interval(interval, test));
    }

    [Fact]
    public void The_first_half_of_the_streams_is_the_clients_to_send_with_both_directions()
    {
        PerfParameters read = PerfParameters.Parse(
            new PerfParameters { Streams = 2, IsBidirectional = true, Blocks = 7, WantsServerOutput = true }.ToJson());

        Assert.Equal((4, 7, true), (read.TotalStreams, read.Blocks, read.WantsServerOutput));
        bool[] ofClient = [.. Enumerable.Range(0, 4).Select(i => read.IsSending(i, isClient: true))];
        Assert.Equal([true, true, false, false], ofClient);
        Assert.Equal([false, false, true, true], Enumerable.Range(0, 4).Select(i => read.IsSending(i, false)));
    }

    [Fact]
    public void Blocks_are_a_goal_in_bytes_that_does_not_overflow()
    {
        Assert.Equal(70_000, new PerfParameters { Blocks = 7, BlockBytes = 10_000 }.GoalBytes);
        Assert.Equal(long.MaxValue, new PerfParameters { Blocks = long.MaxValue }.GoalBytes);
    }

    [Fact]
    public async Task A_goal_is_reached_by_all_streams_together()
    {
        var goal = new PerfGoal(100);

        goal.Add(60);
        Assert.False(goal.Reached.IsCompleted);
        goal.Add(40);
        await goal.Reached;
    }

    [Fact]
    public void Senders_claim_no_more_blocks_than_a_goal_needs()
    {
        var goal = new PerfGoal(100);

        Assert.Equal([true, true, false, false], Enumerable.Range(0, 4).Select(_ => goal.TryClaim(60)));
        Assert.True(new PerfGoal(0).TryClaim(long.MaxValue) && new PerfGoal(0).TryClaim(long.MaxValue));
    }

    [Fact]
    public void Extremes_are_those_of_the_intervals()
    {
        PerfExtremes all = default(PerfExtremes).With(Info(5, 10, 300)).With(Info(9, 7, 100)).With(Info(1, 8, 500));

        Assert.Equal((9, 10), (all.MaxCongestionWindow, all.MaxPeerWindow));
        Assert.Equal((100, 500, 300), (all.MinRtt, all.MaxRtt, all.MeanRtt));

        static UserTcpConnectionInfo Info(long congestion, long peer, int rtt) => new()
        {
            CongestionWindow = congestion, PeerWindow = peer, SmoothedRtt = TimeSpan.FromMicroseconds(rtt),
        };
    }
}
