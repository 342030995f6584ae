using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using UserTcp.Diagnostics;

namespace UserTcp.Tests.Diagnostics;

/// <summary>A measurement, with its tags as text.</summary>
internal sealed record Reading(string Instrument, double Value, Dictionary<string, string> Tags)
{
    public bool Has(string tag, string value) => Tags.TryGetValue(tag, out string? actual) && actual == value;
}

/// <summary>A factory whose meter nobody else uses, and what is measured on it.</summary>
internal sealed class MeterReadings : IMeterFactory
{
    private readonly ConcurrentQueue<Reading> _readings = new();
    private readonly MeterListener _listener = new();
    private readonly List<Meter> _meters = [];

    public MeterReadings()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (_meters.Contains(instrument.Meter))
            {
                Units[instrument.Name] = instrument.Unit;
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
    }

    public ConcurrentDictionary<string, string?> Units { get; } = new();

    /// <summary>Told of each instrument that measures; may throw.</summary>
    public Action<string>? OnReading { get; set; }

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    /// <summary>Begins to listen; instruments are published by the first stack.</summary>
    public MeterReadings Start()
    {
        _listener.Start();
        return this;
    }

    /// <summary>What histograms recorded so far, and what observable instruments say now.</summary>
    public IReadOnlyList<Reading> Collect()
    {
        _listener.RecordObservableInstruments();
        var all = new List<Reading>();
        while (_readings.TryDequeue(out Reading? reading))
        {
            all.Add(reading);
        }

        return all;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meters.ForEach(meter => meter.Dispose());
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        OnReading?.Invoke(instrument.Name);
        var text = new Dictionary<string, string>();
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            text.Add(tag.Key, tag.Value?.ToString() ?? "");
        }

        _readings.Enqueue(new Reading(instrument.Name, value, text));
    }
}
