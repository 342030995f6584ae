using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Net;
using BenchmarkDotNet.Attributes;
using UserTcp.Diagnostics;
using UserTcp.Links;

namespace UserTcp.Benchmarks.Connection;

/// <summary>
/// What watching costs: a MiB from one stack to another over a virtual link, and a connect, with nobody who listens and
/// with each of those who may.
/// </summary>
public class TelemetryBenchmarks
{
    private const int Port = 7;
    private static readonly IPAddress s_server = IPAddress.Parse("10.0.0.2");
    private readonly byte[] _bytes = new byte[1 << 20];
    private readonly List<IDisposable> _watchers = [];
    private UserTcpStack _client = null!;
    private UserTcpStack _serving = null!;
    private UserTcpListener _listener = null!;
    private UserTcpConnection _from = null!;
    private UserTcpConnection _to = null!;

    /// <summary>Who listens.</summary>
    public enum Watcher
    {
        /// <summary>Nobody.</summary>
        Nobody,

        /// <summary>A listener of the meter.</summary>
        Meter,

        /// <summary>A listener of the spans.</summary>
        Spans,

        /// <summary>A tap that looks at nothing.</summary>
        Tap,

        /// <summary>An observer of the connection.</summary>
        Observer,
    }

    [ParamsAllValues]
    public Watcher Who { get; set; }

    // The tool chain of these benchmarks does not wait for tasks: whoever is called here does.
    [GlobalSetup]
    public void Setup() => SetupAsync().GetAwaiter().GetResult();

    [GlobalCleanup]
    public void Cleanup() => CleanupAsync().GetAwaiter().GetResult();

    /// <summary>One MiB from application to application.</summary>
    [Benchmark]
    public void BulkMebibyte() => BulkAsync().GetAwaiter().GetResult();

    /// <summary>A handshake, and a reset.</summary>
    [Benchmark]
    public void Connect() => ConnectAsync().GetAwaiter().GetResult();

    private async Task SetupAsync()
    {
        (VirtualLink left, VirtualLink right) = VirtualLink.CreatePair();
        _client = await OpenAsync(left, "10.0.0.1/24");
        _serving = await OpenAsync(right, "10.0.0.2/24");
        _listener = await _serving.ListenAsync(Port);
        (_from, _to) = await ConnectPairAsync();
        Watch();
    }

    private async Task CleanupAsync()
    {
        _watchers.ForEach(watcher => watcher.Dispose());
        await _client.DisposeAsync();
        await _serving.DisposeAsync();
    }

    private async Task BulkAsync()
    {
        Task write = _from.Output.WriteAsync(_bytes).AsTask();
        for (long left = _bytes.Length; left > 0;)
        {
            ReadResult read = await _to.Input.ReadAsync();
            left -= read.Buffer.Length;
            _to.Input.AdvanceTo(read.Buffer.End);
        }

        await write;
    }

    private async Task ConnectAsync()
    {
        (UserTcpConnection from, UserTcpConnection to) = await ConnectPairAsync();
        from.Abort();
        await to.Closed;
        await from.DisposeAsync();
        await to.DisposeAsync();
    }

    private static ValueTask<UserTcpStack> OpenAsync(LinkDevice link, string address) => UserTcpStack.OpenAsync(
        new UserTcpStackOptions { Link = link, Addresses = { UserTcpAddress.Parse(address) } });

    private async Task<(UserTcpConnection From, UserTcpConnection To)> ConnectPairAsync()
    {
        Task<UserTcpConnection> accept = _listener.AcceptAsync().AsTask();
        UserTcpConnection from = await _client.ConnectAsync(s_server, Port);
        return (from, await accept);
    }

    private void Watch()
    {
        switch (Who)
        {
            case Watcher.Meter:
                _watchers.Add(ListenToMeter());
                break;
            case Watcher.Spans:
                _watchers.Add(ListenToSpans());
                break;
            case Watcher.Tap:
                _watchers.Add(_client.AddTap(new Onlooker()));
                break;
            case Watcher.Observer:
                _watchers.Add(_from.AddObserver(new Onlooker()));
                break;
        }
    }

    private static MeterListener ListenToMeter()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, all) =>
            {
                if (instrument.Meter.Name == UserTcpTelemetry.MeterName)
                    all.EnableMeasurementEvents(instrument);
            },
        };
        listener.Start();
        return listener;
    }

    private static ActivityListener ListenToSpans()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == UserTcpTelemetry.ActivitySourceName,
            Sample = (ref _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private sealed class Onlooker : IPacketTap, IUserTcpConnectionObserver
    {
        public void OnPacket(in PacketTapContext packet)
        {
        }

        public void OnAck(in UserTcpAckSample sample)
        {
        }
    }
}
