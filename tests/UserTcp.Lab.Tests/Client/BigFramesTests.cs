using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;
using UserTcp.Links;

namespace UserTcp.Lab.Tests.Client;

/// <summary>
/// A peer whose kernel sends frames above 64 KiB (BIG TCP; Cilium switches it on): they are taken as they are. Where a
/// link takes only shorter ones, the connection goes on.
/// </summary>
public sealed class BigFramesTests
{
    private const uint BigBytes = 180_000;
    private const int UsualBytes = 65_550;
    private static readonly Lazy<Page> s_page = new(() => new Page(100_000_000, seed: 4100));

    [LabTheory]
    [InlineData("packet", BigBytes)]
    [InlineData("packet", 524_280)]
    [InlineData("pcap", BigBytes)]
    [InlineData("pcap", 524_280)]
    public async Task Frames_above_64_KiB_are_taken_whole(string scheme, uint bytes)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, scheme);
        SuperFrames.Allow(lab.Peer, LabNetwork.PeerDevice, bytes);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        var lengths = new LengthTap();
        using IDisposable tap = stack.AddTap(lengths);
        await GetAsync(lab, stack, s_page.Value);

        Assert.InRange(lengths.Longest, UsualBytes + 1, RxBatch.MaxFrameBytes);
        Assert.Equal(0, stack.GetStatistics().Link.ReceiveTooLong);
        Assert.Equal(0, stack.GetStatistics().ErrorsReceived);
    }

    [LabFact]
    public async Task Frames_that_are_too_long_for_the_link_are_counted_and_told_once_and_the_rest_arrives()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true);
        SuperFrames.Allow(lab.Peer, LabNetwork.PeerDevice, BigBytes);
        using var log = new WarningList();
        var link = lab.Host.Run(
            () => PcapLink.Open(LabNetwork.HostDevice, new PcapLinkOptions { MaxReceiveFrame = 100_000 }));
        await using UserTcpStack stack = await lab.OpenStackAsync(configure: o =>
        {
            o.Link = link;
            o.LoggerFactory = log;
        });
        await GetAsync(lab, stack, new Page(20_000_000, seed: 4101));

        Assert.InRange(stack.GetStatistics().Link.ReceiveTooLong, 1, long.MaxValue);
        using var patience = new Patience(60);
        while (log.Count(1010) == 0) // told in the first turn after a second
        {
            patience.Token.ThrowIfCancellationRequested();
            await GetAsync(lab, stack, new Page(1000, seed: 4102));
        }

        await GetAsync(lab, stack, new Page(1000, seed: 4103));
        Assert.Equal(1, log.Count(1010));
    }

    private static async Task GetAsync(LabNetwork lab, UserTcpStack stack, Page page)
    {
        using var patience = new Patience(120);
        var service = new PageService([page]);
        await using KernelServer server = KernelServer.Start(lab.Peer, LabNetwork.PeerAddress, service.ServeAsync);
        await PageClient.GetAsync(stack, server.EndPoint, page, patience.Token);
    }

    private sealed class LengthTap : IPacketTap
    {
        private int _longest;

        public int Longest => Volatile.Read(ref _longest);

        public void OnPacket(in PacketTapContext packet)
        {
            if (packet.Direction == PacketDirection.Received && packet.Frame.Length > _longest)
                Volatile.Write(ref _longest, packet.Frame.Length);
        }
    }

    private sealed class WarningList : ILoggerFactory, ILogger
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<EventId> _warnings = new();

        public int Count(int id) => _warnings.Count(warning => warning.Id == id);

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
                _warnings.Enqueue(eventId);
        }

        public void Dispose()
        {
        }
    }
}
