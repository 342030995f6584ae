using System.Globalization;
using System.Text.Json;

namespace UserTcp.Tool.Trace;

/// <summary>A page that shows an analysis and needs nothing but a browser.</summary>
internal static class TraceReport
{
    private const string Resource = "report.html";
    private const string Place = "/*DATA*/";

    /// <summary>The points of all curves together: more make a page slow.</summary>
    private const int MaxPoints = 600_000;
    private const int MaxPointsOfCurve = 20_000;
    private const int MinPointsOfCurve = 500;
    private const int CurvesOfConnection = 16;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <summary>Makes the page.</summary>
    /// <param name="name">What it is about.</param>
    /// <param name="analysis">The capture.</param>
    /// <param name="most">The connections to show: those with the most bytes.</param>
    public static string Make(string name, TraceAnalysis analysis, int most)
    {
        TraceConnection[] shown = [.. analysis.Connections.OrderByDescending(item => item.Bytes).Take(most)
            .OrderBy(item => item.Start)];
        int limit = Math.Clamp(
            MaxPoints / CurvesOfConnection / Math.Max(1, shown.Length), MinPointsOfCurve, MaxPointsOfCurve);
        var data = new
        {
            Name = name,
            Begin = analysis.Begin?.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)
                ?? "at an unknown time",
            analysis.Seconds,
            analysis.Frames,
            analysis.Segments,
            Total = analysis.Connections.Count,
            Connections = shown.Select(connection => Describe(connection, limit)),
        };

        // The serializer's usual encoder writes no '<': nothing in the data can end the script.
        return Template().Replace(Place, JsonSerializer.Serialize(data, s_json), StringComparison.Ordinal);
    }

    private static object Describe(TraceConnection connection, int limit) => new
    {
        Client = connection.Client.ToString(),
        Server = connection.Server.ToString(),
        connection.Start,
        Seconds = connection.End - connection.Start,
        connection.WasReset,
        Flows = new[] { connection.Upwards, connection.Downwards }.Select(flow => Describe(flow, connection, limit)),
    };

    private static object Describe(TraceFlow flow, TraceConnection connection, int limit)
    {
        var summary = TraceFlowSummary.Of(flow);
        return new
        {
            Summary = summary,
            Segments = Strokes(flow.Segments, connection.Start, limit),
            Retransmissions = Strokes(flow.Retransmissions, connection.Start, limit),
            Sacks = Strokes(flow.Sacks, connection.Start, limit),
            Acks = Points(flow.Acks, connection.Start, limit),
            WindowEdges = Points(flow.WindowEdges, connection.Start, limit),
            Outstanding = Points(flow.Outstanding, connection.Start, limit),
            RoundTrips = Points(flow.RoundTrips, connection.Start, limit),
            Throughput = Points(flow.Throughput(), connection.Start, limit),
            Marks = flow.Marks.Take(limit).Select(mark => new object[]
            {
                Time(mark.Seconds - connection.Start), mark.Position, mark.Text,
            }),
        };
    }

    // Time and value, one after the other.
    private static IEnumerable<double> Points(IReadOnlyList<TracePoint> points, double start, int limit)
    {
        int step = (points.Count + limit - 1) / limit;
        for (int i = 0; i < points.Count; i += step)
        {
            yield return Time(points[i].Seconds - start);
            yield return Math.Round(points[i].Value, 3);
        }
    }

    // Time, from, to. Neighbours that are left out are in the stroke of the one that is not.
    private static IEnumerable<double> Strokes(List<TraceStroke> strokes, double start, int limit)
    {
        int step = (strokes.Count + limit - 1) / limit;
        for (int i = 0; i < strokes.Count; i += step)
        {
            int last = Math.Min(i + step, strokes.Count) - 1;
            yield return Time(strokes[i].Seconds - start);
            yield return strokes[i].From;
            yield return Math.Max(strokes[i].To, strokes[last].To);
        }
    }

    private static double Time(double seconds) => Math.Round(seconds, 6);

    private static string Template()
    {
        using Stream stream = typeof(TraceReport).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The tool was built without {Resource}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
